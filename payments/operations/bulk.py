"""bulk.accept: many operations in one entry of the stream, decided one after the other.

Each item is an operation of its own: it has its id, its outcome and its event, and one refused item
does not affect the others. The engine decides the bulk first, which settles whose its
Idempotency-Key is, then its items in their order.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.operations.bulk_ids import item_id, new_bulk_id
from payments.operations.envelope import VERSION, Envelope, Intent, digest_of, digest_of_intent
from payments.operations.items import Item, Marking
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State, UnknownPartError
from payments.operations.outcome import Applied, Outcome, Result
from payments.operations.submit import Request
from streams.entry import Entry

KIND: Final = "bulk.accept"
_PLAIN: Final = 1
_encode: Final = msgspec.json.Encoder().encode


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
    own: tuple[int, ...] = ()
    """The places of items with keys of their own; they have markers."""


class BulkAccepted(Result, frozen=True, kw_only=True, omit_defaults=True):
    """The items that were refused before; those of the others have outcomes of their own."""

    refused: tuple[RefusedItem, ...] = ()


def together(whole: Operation[AcceptBulk], requests: Sequence[Request], *, actor: str) -> Request:
    """Requests of one partition as one entry of the stream. Each keeps its id.

    They have no markers: nobody asks for one of them before it is decided.
    """
    parts = tuple(
        BulkPart(
            index=index,
            kind=one.operation.kind,
            intent=msgspec.Raw(_encode(one.intent)),
            operation_id=one.operation_id,
            actor=None if one.actor == actor else one.actor,
        )
        for index, one in enumerate(requests)
    )
    order = requests[0].partition_key
    return Request(whole, AcceptBulk(parts=parts), actor, new_bulk_id(), False, order=order)


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
        """The items of a bulk that was read. Raises a decoder's error or `UnknownPartError`."""
        intent, envelope = whole.intent, whole.envelope
        if not isinstance(intent, AcceptBulk):
            return
        own = frozenset(intent.own)
        for part in intent.parts:
            if part.kind not in self._kinds:
                raise UnknownPartError(part.kind)
            operation, decoder = self._kinds[part.kind]
            decoded = decoder.decode(part.intent)
            marking = Marking.NONE
            if part.operation_id is not None:
                marking = Marking.OWN if part.index in own else Marking.PLACE
            yield Item(
                whole.entry,
                _envelope(envelope, part, operation, decoded),
                operation,
                decoded,
                envelope,
                marking,
            )


def _envelope(
    whole: Envelope, part: BulkPart, operation: Operation[Any], intent: Intent
) -> Envelope:
    actor = part.actor or whole.actor
    type_ = operation.intent
    is_plain = not type_.added
    # The API's bytes, as in the envelope of a single operation: encoding them again takes 1 us.
    is_content = not type_.free_json and not type_.content_field
    digest = (
        digest_of(part.kind, actor, bytes(part.intent))
        if is_content
        else digest_of_intent(part.kind, actor, intent)
    )
    return Envelope(
        operation_id=part.operation_id or item_id(whole.operation_id, part.index),
        kind=part.kind,
        actor=actor,
        digest=digest,
        submitted_at=whole.submitted_at,
        body=part.intent if is_plain else msgspec.Raw(b"[%b]" % bytes(part.intent)),
        version=_PLAIN if is_plain else VERSION,
        order=whole.order,
        traceparent=whole.traceparent,
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
