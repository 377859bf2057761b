"""An event: what happened to what, said once, the same to every reader."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.events.types import noun_of
from payments.kernel.clock import rfc3339

SYSTEM: Final = "system"
"""The client of what nobody asked for by itself: a hold that ended, a break that was found."""

_CLIENT: Final = "client:"
_ARRAY: Final = ord("[")
_TRACED: Final = ',"00-'
"""How a `traceparent` begins where it stands in a row."""


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event as it is written, at the time of its transaction. `data`: the thing as its GET, or
    the values that a `Packing` makes it from.

    `operation_id`: the operation whose outcome this is; None for a change that came with another.
    `id`: None where it follows from the operation. An array without names: a third fewer bytes,
    and bytes are what events cost.
    """

    type: str
    operation_id: UUID | None
    client: str
    data: Any
    id: str | None = None


class TracedEvent(Event, frozen=True, array_like=True, gc=False):
    """An event of an operation that is traced: its deliveries belong to the same trace.

    Written with one member more, which readers do not see; without traces it takes no byte.
    """

    traceparent: str = ""


class Packing(msgspec.Struct, frozen=True, kw_only=True):
    """How the data of an operation's event is stored as a few values and built when it is read.

    `pack`: the values of the row that the operation made; None: the data is stored whole.
    `unpack`: the data from the JSON array of these values, the id of the operation and the time of
    its transaction, and from nothing else: it says for ever what was true then.
    """

    pack: Callable[[Any], tuple[Any, ...] | None]
    unpack: Callable[[msgspec.Raw, UUID, datetime], msgspec.Struct]


Packings = Mapping[str, Packing]
"""By the noun of the types."""


class _Written(msgspec.Struct, frozen=True, array_like=True, gc=False):
    type: str
    operation_id: str | None
    client: str
    data: msgspec.Raw
    id: str | None = None
    traceparent: str = ""


class NumberedEvent(msgspec.Struct, frozen=True, gc=False):
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


def traced(event: Event, traceparent: str) -> Event:
    """The event as one of this trace."""
    return TracedEvent(**msgspec.structs.asdict(event), traceparent=traceparent)


def traces_of(text: str, first_sequence: int) -> Mapping[int, str]:
    """The `traceparent` of each event of a row that has one, by its number."""
    if _TRACED not in text:
        return {}
    events = enumerate(_decode(text), first_sequence)
    return {sequence: one.traceparent for sequence, one in events if one.traceparent}


def text_of(events: Sequence[Event]) -> str:
    """The events of a transaction as they are stored."""
    return _encode(events).decode()


def numbered(
    text: str, first_sequence: int, written_at: datetime, packings: Packings
) -> list[NumberedEvent]:
    """The events of a row, with their numbers."""
    occurred_at = rfc3339(written_at)
    return [
        NumberedEvent(
            one.id or event_id(one.operation_id or ""),
            sequence,
            one.type,
            occurred_at,
            one.operation_id,
            one.client,
            _unpacked(one, written_at, packings) if _is_packed(one.data) else one.data,
        )
        for sequence, one in enumerate(_decode(text), first_sequence)
    ]


def _is_packed(data: msgspec.Raw) -> bool:
    """Things are JSON objects; values are an array."""
    return memoryview(data)[0] == _ARRAY


def _unpacked(event: _Written, written_at: datetime, packings: Packings) -> msgspec.Raw:
    unpack = packings[noun_of(event.type)].unpack
    return msgspec.Raw(_encode(unpack(event.data, UUID(event.operation_id), written_at)))
