"""What a bulk answers for each of its items."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from payments.http.operations import PARKED, applied_body, spliced
from payments.kernel.errors import PaymentsError
from payments.kernel.ids import OperationId
from payments.operations.bulk import BulkAccepted
from payments.operations.envelope import digest_of_intent
from payments.operations.outcome import Decision, Status
from payments.operations.outcomes import CONFLICTS, PartOutcome, StoredOutcomes, conflict
from payments.operations.submit import Request, Ticket
from payments.surfaces.native.answers import NOT_ACCEPTED

_encode: Final = msgspec.json.Encoder().encode
_APPLIED: Final = Status.APPLIED.value
_ACCEPTED: Final = msgspec.json.Decoder(BulkAccepted)


class AskedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item: its id, "" for none, and its answer when it is refused before all are accepted.

    `asked`: the request of an item with an id that other requests may have.
    """

    operation_id: str
    asked: Request | None = None
    refused: msgspec.Raw | None = None


def refusal_of(operation_id: str | None, error: PaymentsError) -> msgspec.Raw:
    """The answer for an item that has no outcome because of this error."""
    return msgspec.Raw(
        _encode(
            {
                "operation_id": operation_id,
                "status": NOT_ACCEPTED if error.retryable else Status.REJECTED.value,
                "reason": error.code,
                "detail": error.detail,
                "errors": error.errors,
                "retryable": error.retryable,
            }
        )
    )


async def answers_of(
    reader: StoredOutcomes, ticket: Ticket, items: Sequence[AskedItem]
) -> list[msgspec.Raw]:
    """The answer for each item, in their order."""
    decision = ticket.decision
    if decision is None:
        status = Status.PARKED if ticket.is_parked else Status.ACCEPTED
        return [i.refused or _undecided(i.operation_id, status) for i in items]
    if ticket.parts is not None and not ticket.is_replay:
        parts = iter(ticket.parts)
        return [i.refused or _of_part(i.operation_id, next(parts)) for i in items]
    return await _stored(reader, decision, items)


async def _stored(
    reader: StoredOutcomes, decision: Decision, items: Sequence[AskedItem]
) -> list[msgspec.Raw]:
    """The same from PostgreSQL, for a repeat. What the first request was refused stays refused."""
    refused = {i.index: i.answer for i in _ACCEPTED.decode(decision.result).refused}
    ids = [UUID(i.operation_id) for i in items if i.operation_id]
    decisions = await reader.read(ids)
    missing = [id_ for id_ in ids if id_.int not in decisions]
    parked = {letter.operation_id for letter in await reader.read_parked(missing)}
    answers = []
    for index, item in enumerate(items):
        answer = refused.get(index) or (None if item.operation_id else item.refused)
        answers.append(answer or _of_stored(item, decisions, parked))
    return answers


def _of_stored(item: AskedItem, decisions: dict[int, Decision], parked: set[UUID]) -> msgspec.Raw:
    id_ = item.operation_id
    uuid = UUID(id_)
    decision = decisions.get(uuid.int)
    if decision is None:
        return _undecided(id_, Status.PARKED if uuid in parked else Status.ACCEPTED)
    asked = item.asked
    if asked is not None and decision.digest != digest_of_intent(
        asked.operation.kind, asked.actor, asked.intent
    ):
        return _of_part(id_, PartOutcome(CONFLICTS, None, msgspec.Raw(b"{}")))
    if decision.status == Status.APPLIED.value:
        return msgspec.Raw(applied_body(decision))
    result = msgspec.Raw(decision.result.encode())
    return _of_part(id_, PartOutcome(decision.status, decision.reason, result))


def _undecided(operation_id: str, status: Status) -> msgspec.Raw:
    told: dict[str, Any] = {"operation_id": operation_id, "status": status.value}
    if status is Status.PARKED:
        told["detail"] = PARKED
    return msgspec.Raw(_encode(told))


def _of_part(operation_id: str, part: PartOutcome) -> msgspec.Raw:
    status = part.status
    if status == _APPLIED:
        own = b'"operation_id":"%b","status":"applied"' % operation_id.encode()
        return msgspec.Raw(spliced(bytes(part.result), own))
    if status == CONFLICTS:
        return refusal_of(operation_id, conflict(OperationId(UUID(operation_id))))
    if status == Status.PARKED.value:
        return _undecided(operation_id, Status.PARKED)
    own = b'"operation_id":"%b","status":"%b"' % (operation_id.encode(), status.encode())
    if part.reason is not None:
        own += b',"reason":%b' % _encode(part.reason)
    return msgspec.Raw(spliced(bytes(part.result), own))
