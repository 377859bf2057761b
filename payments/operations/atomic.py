"""operations.atomic: several operations in one entry, applied in their order, all or none.

Each part is an operation of its own: it exists when the whole is accepted, and has its outcome, its
entries and its transaction under an id that is derived from the whole and its place (ADR 0260).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId, derived_ids
from payments.ledger.chart import AccountSpec
from payments.operations.acceptance import BulkItems, runs_of
from payments.operations.bulk_ids import item_id
from payments.operations.envelope import Envelope, Intent, digest_of, digest_of_intent
from payments.operations.operation import Context, Operation, Part, State, UnknownPartError
from payments.operations.outcome import Applied, Decision, Outcome, Refusal, Result
from payments.operations.record import Ref

KIND: Final = "operations.atomic"
_NOTHING: Final = msgspec.Raw(b"")
_READ: Final = "read"
_IDS: Final = "ids"
_effects: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class AtomicPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operation: its kind, and the JSON of its intent."""

    kind: str
    intent: msgspec.Raw


class ApplyAll(Intent, frozen=True, kw_only=True, gc=True, dict=True):
    """Apply all of them, or none. `content` stands for what the client sent.

    `ids_follow`: the ids of its parts are its own with their places, as those of a bulk's items;
    else they are hashed of it and the place. Parts are read once, and kept in its `__dict__`.
    """

    content_field: ClassVar = "content"

    parts: tuple[AtomicPart, ...]
    content: str = ""
    ids_follow: bool = False


class AllApplied(Result, frozen=True, kw_only=True):
    """Each part: its `operation_id`, `status` and what it was applied with."""

    items: list[msgspec.Raw]


_read_whole: Final = msgspec.json.Decoder(ApplyAll).decode


class BulkRejected(Result, frozen=True, kw_only=True):
    """Which item was refused, counted from 0, and why."""

    item: int
    item_reason: str


BULK_REJECTED: Final = Refusal(
    "bulk_rejected",
    409,
    "One item was refused, so that none was applied: `item` is its place, counted from 0, and "
    "`item_reason` its code.",
    carries=BulkRejected,
)


def part_ids(intent: ApplyAll, operation_id: UUID) -> Sequence[UUID]:
    """The operation ids of its parts; `operation_id` is its own."""
    whole: UUID | None
    ids: Sequence[UUID]
    whole, ids = intent.__dict__.get(_IDS, (None, ()))
    if whole != operation_id:
        count = len(intent.parts)
        if intent.ids_follow:
            ids = [item_id(operation_id, place) for place in range(count)]
        else:
            ids = hashed_ids(operation_id, count)
        intent.__dict__[_IDS] = operation_id, ids
    return ids


def hashed_ids(operation_id: UUID, count: int) -> list[UUID]:
    """The ids of the parts where they do not follow from that of the whole."""
    of = derived_ids("part", str(operation_id), "")
    return [of(str(place)) for place in range(count)]


def parts_accepted(intent: ApplyAll, operation_id: UUID) -> BulkItems:
    """What is kept beside the stream, of its parts, until they are decided."""
    runs = runs_of([(place, part.kind) for place, part in enumerate(intent.parts)])
    if intent.ids_follow:
        return BulkItems(runs)
    ids = part_ids(intent, operation_id)
    return BulkItems(runs, tuple((id_, place) for place, id_ in enumerate(ids)))


def ids_kept(intent: Intent, operation_id: UUID) -> Sequence[bytes]:
    """Ids of parts whose places are kept beside the stream; none of any other operation."""
    if not isinstance(intent, ApplyAll) or intent.ids_follow:
        return ()
    return [id_.bytes for id_ in part_ids(intent, operation_id)]


def read_whole(envelope: Envelope) -> ApplyAll | None:
    """The intent of an atomic bulk, None of anything else. Raises `msgspec.MsgspecError`."""
    return _read_whole(envelope.intent) if envelope.kind == KIND else None


def parts_in(envelope: Envelope) -> list[Envelope]:
    """Envelopes of the parts of an atomic bulk that is parked; none for any other envelope.

    Raises `msgspec.MsgspecError`.
    """
    whole = read_whole(envelope)
    if whole is None:
        return []
    actor, ids = envelope.actor, part_ids(whole, envelope.operation_id)
    return [
        _envelope(envelope, id_, one.kind, digest_of(one.kind, actor, bytes(one.intent)))
        for one, id_ in zip(whole.parts, ids, strict=True)
    ]


def part_envelopes(envelope: Envelope, whole: Intent, parts: Sequence[Part]) -> Iterator[Envelope]:
    """The envelopes of the parts: their own ids and kinds, the whole's actor and time."""
    if not isinstance(whole, ApplyAll):
        raise TypeError(f"{envelope.kind} has no parts")
    actor = envelope.actor
    ids = part_ids(whole, envelope.operation_id)
    for (operation, intent), id_ in zip(parts, ids, strict=True):
        digest = digest_of_intent(operation.kind, actor, intent)
        yield _envelope(envelope, id_, operation.kind, digest)


def _envelope(whole: Envelope, id_: UUID, kind: str, digest: bytes) -> Envelope:
    return Envelope(
        operation_id=id_,
        kind=kind,
        actor=whole.actor,
        digest=digest,
        submitted_at=whole.submitted_at,
        body=_NOTHING,
    )


def bulk_applied(decisions: Sequence[Decision]) -> tuple[AllApplied, str | None]:
    """The outcome of the whole and the effects of its parts, which wait for the whole's entry."""
    effects = [one for d in decisions if d.effects for one in _effects(d.effects)]
    result = AllApplied(items=[_item(decision) for decision in decisions])
    return result, msgspec.json.encode(effects).decode() if effects else None


def bulk_rejected(index: int, decision: Decision) -> BulkRejected:
    """The outcome of the whole when a part is refused."""
    return BulkRejected(item=index, item_reason=decision.reason or "")


def _item(decision: Decision) -> msgspec.Raw:
    id_, status, result = str(decision.operation_id), decision.status, decision.result
    if '"operation_id"' in result or '"status"' in result or result == "{}":
        fields: dict[str, Any] = msgspec.json.decode(result, type=dict[str, msgspec.Raw])
        own = {"operation_id": id_, "status": status}
        return msgspec.Raw(msgspec.json.encode({**fields, **own}))
    # The usual way, without reading it.
    return msgspec.Raw(f'{result[:-1]},"operation_id":"{id_}","status":"{status}"}}'.encode())


class _Kinds:
    """Reading the parts of an intent."""

    def __init__(self, operations: Iterable[Operation[Any]]) -> None:
        self._operations: Mapping[str, Operation[Any]] = {o.kind: o for o in operations}
        self._decoders = {
            kind: msgspec.json.Decoder(operation.intent)
            for kind, operation in self._operations.items()
        }

    def parts(self, intent: ApplyAll) -> Sequence[Part]:
        """The operations and intents, in their order."""
        read: list[Part] | None = intent.__dict__.get(_READ)
        if read is None:
            read = intent.__dict__[_READ] = [self._part(part) for part in intent.parts]
        return read

    def _part(self, part: AtomicPart) -> Part:
        operation = self._operations.get(part.kind)
        if operation is None:
            raise UnknownPartError(part.kind)
        return Part(operation, self._decoders[part.kind].decode(part.intent))

    def refs(self, intent: ApplyAll) -> list[Ref]:
        """The rows that the parts need."""
        return [
            ref
            for operation, one in self.parts(intent)
            if operation.refs is not None
            for ref in operation.refs(one)
        ]

    def accounts(self, intent: ApplyAll, state: State) -> list[AccountId | AccountSpec]:
        """The accounts that the parts need."""
        return [
            account
            for operation, one in self.parts(intent)
            for account in operation.accounts(one, state)
        ]

    def partition_key(self, intent: ApplyAll) -> int | str:
        """The first part's: its payer's operations stand in that partition."""
        operation, one = self._part(intent.parts[0])
        return operation.partition_key(one)


def decide(_intent: ApplyAll, _state: State, _context: Context) -> Outcome:
    """The engine decides the parts one by one; there is nothing to decide beside."""
    return Applied(result=AllApplied(items=[]))


def atomic(operations: Sequence[Operation[Any]]) -> Operation[ApplyAll]:
    """The operation whose parts may be of these kinds. Numbers are not for parts."""
    for operation in operations:
        if operation.sequences:
            raise ValueError(f"{operation.kind} draws numbers, and cannot be a part")
    kinds = _Kinds(operations)
    return Operation(
        kind=KIND,
        intent=ApplyAll,
        result=AllApplied,
        partition_key=kinds.partition_key,
        refs=kinds.refs,
        accounts=kinds.accounts,
        decide=decide,
        refusals=(BULK_REJECTED,),
        parts=kinds.parts,
    )
