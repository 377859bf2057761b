"""Asking for a second person, and deciding. Nothing moves here: an approved intent is submitted
under the approval's id afterwards, as often as needed, and applied once.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.approvals.errors import ApprovalDecided, ApprovalNotFound, ApprovalWaits, OwnApproval
from payments.approvals.queries import SELECT, Approval, approval_of
from payments.approvals.status import ApprovalState
from payments.approvals.tables import approvals
from payments.operators.action import Action, Doer, Subject, record


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for; `intent` is the intent as JSON values."""

    id: UUID
    kind: str
    intent: Any
    summary: str
    shown: dict[str, Any]
    subject: Subject
    reason: str


async def ask(engine: AsyncEngine, asked: Asked, *, by: Doer, now: datetime) -> None:
    """Keep it until a second person decides. Asking the same (by id) again changes nothing.

    Raises 409 `approval_waits` when this kind of action on this subject waits already.
    """
    values = {
        "id": asked.id,
        "kind": asked.kind,
        "intent": asked.intent,
        "summary": asked.summary,
        "shown": asked.shown,
        "subject_kind": asked.subject.kind,
        "subject_id": asked.subject.id,
        "reason": asked.reason,
        "requested_by": by.login,
        "requested_at": now,
    }
    insert = postgresql.insert(approvals).values(values).on_conflict_do_nothing()
    action = Action(
        doer=by,
        action=f"{asked.kind}.ask",
        subject=asked.subject,
        before=asked.shown.get("before", {}),
        after=asked.shown.get("after", {}),
        reason=asked.reason,
        approval_id=asked.id,
    )
    async with engine.begin() as connection:
        if (await connection.execute(insert)).rowcount == 1:
            await record(connection, action, now)
            return
        known = (await connection.execute(SELECT.where(approvals.c.id == asked.id))).one_or_none()
        if known is None or known.requested_by != by.login:
            raise ApprovalWaits


async def decide(
    engine: AsyncEngine,
    approval_id: UUID | None,
    state: ApprovalState,
    *,
    reason: str,
    by: Doer,
    now: datetime,
) -> Approval:
    """Approve or reject what another operator asked for, or withdraw one's own.

    Approving twice gives the approval again, so that an interrupted submission can be repeated.
    Raises 403 `approver_is_proposer`, 404 `approval_not_found`, 409 `approval_decided`.
    """
    async with engine.begin() as connection:
        query = SELECT.where(approvals.c.id == approval_id).with_for_update()
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise ApprovalNotFound
        approval = approval_of(row)
        _check(approval, state, by)
        if approval.state == state.value:
            return approval
        changes = {
            "state": state.value,
            "decided_by": by.login,
            "decided_at": now,
            "decision_reason": reason,
        }
        same = approvals.c.id == approval.id
        await connection.execute(approvals.update().where(same).values(changes))
        action = Action(
            doer=by,
            action=f"{approval.kind}.{_WORDS[state]}",
            subject=Subject(approval.subject_kind, approval.subject_id),
            before={"state": approval.state, "asked_by": approval.requested_by},
            after={"state": state.value},
            reason=reason,
            operation_id=approval.id if state is ApprovalState.APPROVED else None,
            approval_id=approval.id,
        )
        await record(connection, action, now)
    return msgspec.structs.replace(
        approval, state=state.value, decided_by=by.login, decided_at=now, decision_reason=reason
    )


_WORDS = {
    ApprovalState.APPROVED: "approve",
    ApprovalState.REJECTED: "reject",
    ApprovalState.WITHDRAWN: "withdraw",
}


def _check(approval: Approval, state: ApprovalState, by: Doer) -> None:
    is_own = approval.requested_by == by.login
    if is_own and state is not ApprovalState.WITHDRAWN:
        raise OwnApproval
    if not is_own and state is ApprovalState.WITHDRAWN:
        raise OwnApproval("Only who asked for it may withdraw it; reject it instead.")
    if approval.state == ApprovalState.WAITING.value:
        return
    if approval.state != ApprovalState.APPROVED.value or state is not ApprovalState.APPROVED:
        raise ApprovalDecided
