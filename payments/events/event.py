"""An event: what happened to what, said once, the same to every reader."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.kernel.clock import rfc3339

SYSTEM: Final = "system"
"""The client of what nobody asked for by itself: a hold that ended, a break that was found."""

_CLIENT: Final = "client:"


class Event(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """An event as it is written, at the time of its transaction. `data`: the thing as its GET.

    `operation_id`: the operation whose outcome this is; None for a change that came with another.
    `id`: None where it follows from the operation. An array without names: a third fewer bytes,
    and bytes are what events cost.
    """

    type: str
    operation_id: UUID | None
    client: str
    data: Any
    id: str | None = None


class _Written(msgspec.Struct, frozen=True, array_like=True, gc=False):
    type: str
    operation_id: str | None
    client: str
    data: msgspec.Raw
    id: str | None = None


class NumberedEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event as readers get it; `sequence` counts from 1 in the order of commits."""

    id: str
    sequence: int
    type: str
    occurred_at: str
    operation_id: str | None
    client: str
    data: msgspec.Raw


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(list[_Written]).decode


def client_of(actor: str) -> str:
    """The name a client has on its keys; the surfaces' own actors as they are."""
    return actor.removeprefix(_CLIENT)


def event_id(operation_id: UUID | str, number: int = 0) -> str:
    """The id of an operation's own event (0), and of further changes that came with it."""
    hex_ = str(operation_id).replace("-", "")
    return f"evt_{hex_}_{number}" if number else f"evt_{hex_}"


def text_of(events: Sequence[Event]) -> str:
    """The events of a transaction as they are stored."""
    return _encode(events).decode()


def numbered(text: str, first_sequence: int, written_at: datetime) -> list[NumberedEvent]:
    """The events of a row, with their numbers."""
    occurred_at = rfc3339(written_at)
    return [
        NumberedEvent(
            id=one.id or event_id(one.operation_id or ""),
            sequence=sequence,
            type=one.type,
            occurred_at=occurred_at,
            operation_id=one.operation_id,
            client=one.client,
            data=one.data,
        )
        for sequence, one in enumerate(_decode(text), first_sequence)
    ]
