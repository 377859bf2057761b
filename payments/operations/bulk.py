"""bulk.accept: many operations in one entry of the stream, decided one after the other.

Each item is an operation of its own: it has its id, its outcome and its event, and one refused item
does not affect the others. The engine decides the bulk first, which settles whose its
Idempotency-Key is, then its items in their order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.kernel.ids import OperationId, new_id
from payments.operations.batch import Item
from payments.operations.envelope import VERSION, Envelope, Intent, digest_of_intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Result
from streams.entry import Entry

KIND: Final = "bulk.accept"
_PLAIN: Final = 1
_PLACE: Final = (1 << 12) - 1
"""The bits of an item's id that hold its place; all of them are set in the bulk's."""


class BulkPart(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An item: its place, its kind and its intent.

    `operation_id` and `actor` are set when they do not follow from the bulk's.
    """

    index: int
    kind: str
    intent: msgspec.Raw
    operation_id: UUID | None = None
    actor: str | None = None


class RefusedItem(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An item that was refused before the bulk was accepted, as it is answered."""

    index: int
    answer: msgspec.Raw


class AcceptBulk(Intent, frozen=True, kw_only=True):
    """Decide these items. `content` stands for what the client sent, and is the same for a repeat
    whatever was looked up to read it.
    """

    content_field: ClassVar = "content"

    parts: tuple[BulkPart, ...]
    refused: tuple[RefusedItem, ...] = ()
    content: str = ""


class BulkAccepted(Result, frozen=True, kw_only=True, omit_defaults=True):
    """The items that were refused before; those of the others have outcomes of their own."""

    refused: tuple[RefusedItem, ...] = ()


def new_bulk_id() -> OperationId:
    """The id of a bulk without a key."""
    return OperationId(UUID(int=new_id().int | _PLACE))


def item_id(bulk_id: UUID, index: int) -> UUID:
    """The id of its item without a key: both sort by time, and the items are neighbours."""
    return UUID(int=bulk_id.int & ~_PLACE | index)


def decide(intent: AcceptBulk, _state: State, _context: Context) -> Outcome:
    """Always applied: the items are decided beside it."""
    return Applied(result=BulkAccepted(refused=intent.refused))


class Bulks:
    """Takes bulks apart, for a fixed set of kinds."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        """`operations`: the kinds that an item may have. Numbers are not for items."""
        self._kinds = {o.kind: (o, msgspec.json.Decoder(o.intent)) for o in operations}
        for operation, _ in self._kinds.values():
            if operation.sequences:
                raise ValueError(f"{operation.kind} draws numbers, and cannot be in a bulk")

    def items(self, whole: Item) -> Iterator[Item]:
        """The items of a bulk that was read. Raises a decoder's error or KeyError."""
        intent, envelope = whole.intent, whole.envelope
        if not isinstance(intent, AcceptBulk):
            return
        for part in intent.parts:
            operation, decoder = self._kinds[part.kind]
            yield Item(
                whole.entry,
                _envelope(envelope, part, operation, decoded := decoder.decode(part.intent)),
                operation,
                decoded,
                whole=envelope,
            )


def _envelope(
    whole: Envelope, part: BulkPart, operation: Operation[Any], intent: Intent
) -> Envelope:
    actor = part.actor or whole.actor
    is_plain = not operation.intent.added
    return Envelope(
        operation_id=part.operation_id or item_id(whole.operation_id, part.index),
        kind=part.kind,
        actor=actor,
        digest=digest_of_intent(part.kind, actor, intent),
        submitted_at=whole.submitted_at,
        body=part.intent if is_plain else msgspec.Raw(b"[%b]" % bytes(part.intent)),
        version=_PLAIN if is_plain else VERSION,
        order=whole.order,
    )


def entry_of(item: Item, payload: bytes) -> Entry:
    """An entry for one item of a bulk, for when it is parked alone."""
    place = f"{item.entry.stream_id}/{item.envelope.operation_id}"
    return Entry(item.entry.partition, place, payload)


def bulk(operations: Sequence[Operation[Any]]) -> Operation[AcceptBulk]:
    """The operation whose items may be of these kinds."""
    bulks = Bulks(operations)
    kinds = {o.kind: (o, msgspec.json.Decoder(o.intent)) for o in operations}

    def partition_key(intent: AcceptBulk) -> int | str:
        """The first item's: its payer's operations stand in that partition."""
        if not intent.parts:
            return intent.content
        first = intent.parts[0]
        operation, decoder = kinds[first.kind]
        return operation.partition_key(decoder.decode(first.intent))

    return Operation(
        kind=KIND,
        intent=AcceptBulk,
        result=BulkAccepted,
        partition_key=partition_key,
        accounts=lambda _intent, _state: NO_ACCOUNTS,
        decide=decide,
        items=bulks.items,
    )
