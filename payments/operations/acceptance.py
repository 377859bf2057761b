"""What is known of an operation between its acceptance and its decision."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

import msgspec

from payments.kernel.ids import OperationId
from payments.operations.envelope import Envelope
from streams.commands import NOTHING_BESIDE, Beside

_PLACE_BYTES: Final = 2


class Run(msgspec.Struct, frozen=True, array_like=True):
    """Items of a bulk that follow each other and are of one kind, from `first` to `last`."""

    first: int
    last: int
    kind: str


class Acceptance(msgspec.Struct, frozen=True, omit_defaults=True):
    """The marker beside the stream: what is known of an operation id before it is decided.

    `items`: of a bulk.
    """

    digest: bytes
    kind: str
    accepted_at: datetime
    actor: str = ""
    items: tuple[Run, ...] = ()


class BulkItems(msgspec.Struct, frozen=True):
    """The items of a bulk, which exist as soon as it is accepted.

    `runs` says all of them. The id of most follows from the bulk's and their place. `placed`: those
    whose id does not, with their places. `keyed`: those that other requests may have the id of, so
    that they have markers of their own: id, kind and digest.
    """

    runs: tuple[Run, ...] = ()
    placed: tuple[tuple[UUID, int], ...] = ()
    keyed: tuple[tuple[UUID, str, bytes], ...] = ()


NO_ITEMS: Final = BulkItems()


class Marked(NamedTuple):
    """What is kept of an operation until it is decided: its marker, and what stands beside it."""

    operation_id: OperationId
    marker: bytes
    beside: Beside = NOTHING_BESIDE


class Door(Protocol):
    """The stream as seen by the submitter. Implemented in `payments.operations.door`."""

    async def append(
        self,
        partition_key: int | str,
        operation_id: OperationId,
        payload: bytes,
        marker: bytes,
        beside: Beside = NOTHING_BESIDE,
    ) -> bytes | None:
        """Make the entry durable; returns an earlier marker of that id. Raises `Unavailable`.

        `beside`: what is set for a bulk's items.
        """
        ...

    def partition_of(self, partition_key: int | str) -> int:
        """The partition where entries of this key are decided in their order."""
        ...

    async def find_marker(self, operation_id: OperationId) -> bytes | None:
        """The marker of an accepted operation, in any partition."""
        ...


def marker_of(envelope: Envelope, items: BulkItems = NO_ITEMS) -> bytes:
    """The marker kept beside the stream from acceptance to decision."""
    return msgspec.json.encode(
        Acceptance(
            envelope.digest, envelope.kind, envelope.submitted_at, envelope.actor, items.runs
        )
    )


def beside_of(whole: Envelope, items: BulkItems) -> Beside:
    """What is kept of a bulk's items: nothing of those whose id follows from the bulk's."""
    if not items.placed and not items.keyed:
        return NOTHING_BESIDE
    bulk = whole.operation_id.bytes
    places: list[bytes] = []
    for id_, index in items.placed:
        places += (id_.bytes, bulk + index.to_bytes(_PLACE_BYTES))
    markers = [
        (
            str(id_),
            msgspec.json.encode(Acceptance(digest, kind, whole.submitted_at, whole.actor)),
        )
        for id_, kind, digest in items.keyed
    ]
    return Beside(markers, places)


def place_in(value: bytes) -> tuple[UUID, int]:
    """The bulk and the place in what is kept of an item."""
    return UUID(bytes=value[:-_PLACE_BYTES]), int.from_bytes(value[-_PLACE_BYTES:])


def marker_of_item(marker: bytes, index: int) -> bytes | None:
    """The marker of the item at this place, from its bulk's; None when none was accepted there."""
    bulk = msgspec.json.decode(marker, type=Acceptance)
    kind = next((run.kind for run in bulk.items if run.first <= index <= run.last), None)
    if kind is None:
        return None
    return msgspec.json.encode(Acceptance(b"", kind, bulk.accepted_at, bulk.actor))


def runs_of(kinds: Sequence[tuple[int, str]]) -> tuple[Run, ...]:
    """From the places and kinds of a bulk's items, in their order."""
    runs: list[Run] = []
    for index, kind in kinds:
        last = runs[-1] if runs else None
        if last is not None and last.kind == kind and last.last == index - 1:
            runs[-1] = Run(last.first, index, kind)
        else:
            runs.append(Run(index, index, kind))
    return tuple(runs)
