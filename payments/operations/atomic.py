"""operations.atomic: several operations in one entry, applied in their order, all or none.

Each part is an operation of its own afterwards: it has its outcome, its entries and its
transaction under an id that is derived from the whole and its place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.kernel.ids import AccountId, derived_ids
from payments.ledger.chart import AccountSpec
from payments.operations.envelope import Envelope, Intent, digest_of_intent
from payments.operations.operation import Context, Operation, Part, State
from payments.operations.outcome import Applied, Decision, Outcome, Refusal, Result
from payments.operations.record import Ref

KIND: Final = "operations.atomic"
_NOTHING: Final = msgspec.Raw(b"")
_READ: Final = "read"
_effects: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class AtomicPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operation: its kind, and the JSON of its intent."""

    kind: str
    intent: msgspec.Raw


class ApplyAll(Intent, frozen=True, kw_only=True, gc=True, dict=True):
    """Apply all of them, or none. `content` stands for what the client sent.

    Its parts are read once, and kept in its `__dict__`.
    """

    content_field: ClassVar = "content"

    parts: tuple[AtomicPart, ...]
    content: str = ""


class AllApplied(Result, frozen=True, kw_only=True):
    """Each part: its `operation_id`, `status` and what it was applied with."""

    items: list[msgspec.Raw]


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


def part_ids(operation_id: UUID) -> Iterator[UUID]:
    """The operation ids of its parts, without end."""
    of = derived_ids("part", str(operation_id), "")
    return map(of, map(str, count()))


def part_envelopes(envelope: Envelope, parts: Sequence[Part]) -> Iterator[Envelope]:
    """The envelopes of the parts: their own ids and kinds, the whole's actor and time."""
    actor, submitted_at = envelope.actor, envelope.submitted_at
    for (operation, intent), id_ in zip(parts, part_ids(envelope.operation_id), strict=False):
        yield Envelope(
            operation_id=id_,
            kind=operation.kind,
            actor=actor,
            digest=digest_of_intent(operation.kind, actor, intent),
            submitted_at=submitted_at,
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
        return Part(self._operations[part.kind], self._decoders[part.kind].decode(part.intent))

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
