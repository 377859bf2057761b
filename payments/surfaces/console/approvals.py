"""What waits for a second person, and deciding it. An approved intent is submitted at once."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.bankpayments.assign
import payments.bankpayments.reverse
import payments.breaks.resolve
import payments.payouts.resolve
import payments.transactions.reverse
from payments.approvals.listing import ApprovalFilters, list_approvals
from payments.approvals.queries import Approval, get_approval
from payments.approvals.status import ApprovalState
from payments.approvals.writes import decide
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import OperationId, derived_id, parse_id
from payments.operations.operation import Operation
from payments.operations.submit import Request, Submitter
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import WAIT_S, actor_name, outcome_of
from payments.surfaces.console.cells import Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import Form, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.places import href_of
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/approvals"

IN_ONE_STEP: Final[tuple[Operation[Any], ...]] = (
    payments.transactions.reverse.OPERATION,
    payments.bankpayments.reverse.OPERATION,
)
"""Operations that know nothing of two persons: submitted once, when the second one approves."""
IN_TWO_STEPS: Final[tuple[Operation[Any], ...]] = (
    payments.payouts.resolve.OPERATION,
    payments.breaks.resolve.OPERATION,
    payments.bankpayments.assign.OPERATION,
)
"""Operations that take a proposal and then an agreement of another actor: submitted as the one who
asked, then as the one who approves.
"""
_OPERATIONS: Final[Mapping[str, Operation[Any]]] = {
    operation.kind: operation for operation in (*IN_ONE_STEP, *IN_TWO_STEPS)
}


class ApprovalsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list."""

    state: ApprovalState | None = None
    kind: str | None = None
    asked_by: str | None = None


class DecisionForm(Form, frozen=True, kw_only=True):
    """Why it is rejected or withdrawn; approving needs no words."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)] = ""


async def load(
    sources: Sources, query: ApprovalsQuery, before: tuple[Any, UUID] | None, count: int
) -> Sequence[Approval]:
    """Approvals, newest first."""
    filters = ApprovalFilters(
        state=None if query.state is None else query.state.value,
        kind=query.kind,
        requested_by=query.asked_by,
    )
    return await list_approvals(sources.engine, filters, before, count)


APPROVALS: Final = ListPage(
    path=PATH,
    title="Approvals",
    query=ApprovalsQuery,
    columns=(
        Column("What", lambda a: Text(a.summary, f"{PATH}/{a.id}")),
        Column("State", lambda a: State(a.state)),
        Column("Reason", lambda a: Text(a.reason)),
        Column("Asked by", lambda a: Text(a.requested_by)),
        Column("Asked", lambda a: Moment(a.requested_at)),
        Column("Decided by", lambda a: Text(a.decided_by or "")),
        Column("Decided", lambda a: Moment(a.decided_at)),
    ),
    load=load,
    key=lambda a: (a.requested_at, a.id),
    key_type=tuple[Any, UUID],
    empty="Nothing waits for a second person.",
    intro="Actions that move money are asked for by one operator and approved by another.",
)


@get(PATH, access=page_access())
async def show_approvals(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """What waits, and what was decided."""
    return await answer_list(request, APPROVALS, (engine, engine), console.lens())


@get(f"{PATH}/{{approval_id:str}}", access=page_access())
async def show_approval(
    request: HttpRequest,
    approval_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """What was asked for, by whom and why, what it changes, and what became of it."""
    approval = await get_approval(engine, parse_id(approval_id))
    done = None
    if approval.state == ApprovalState.APPROVED.value:
        done = await outcome_of(request, refusals, OperationId(approval.id))
    return page(
        request,
        "approval.html",
        at=PATH,
        approval=approval,
        done=done,
        is_own=approval.requested_by == seat_of(request).operator.login,
        href=href_of(approval.subject_kind, approval.subject_id),
    )


@post(f"{PATH}/{{approval_id:str}}/approve", access=page_access(ACT))
async def approve(
    request: HttpRequest,
    approval_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Agree, and submit. After a failure in between it is posted again: the ids are the same."""
    form = await read_form(request, DecisionForm)
    approval = await _decide(request, engine, approval_id, ApprovalState.APPROVED, form.reason)
    for one in requests_of(approval):
        await submitter(one, WAIT_S)
    return see_other(f"{PATH}/{approval.id}")


@post(f"{PATH}/{{approval_id:str}}/reject", access=page_access(ACT))
async def reject(
    request: HttpRequest, approval_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Refuse what another operator asked for."""
    form = await read_form(request, DecisionForm)
    await _decide(request, engine, approval_id, ApprovalState.REJECTED, form.reason)
    return see_other(f"{PATH}/{approval_id}")


@post(f"{PATH}/{{approval_id:str}}/withdraw", access=page_access(ACT))
async def withdraw(
    request: HttpRequest, approval_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Take back what one asked for."""
    form = await read_form(request, DecisionForm)
    await _decide(request, engine, approval_id, ApprovalState.WITHDRAWN, form.reason)
    return see_other(f"{PATH}/{approval_id}")


async def _decide(
    request: HttpRequest,
    engine: AsyncEngine,
    approval_id: str,
    state: ApprovalState,
    reason: str,
) -> Approval:
    seat = seat_of(request)
    id_ = parse_id(approval_id)
    return await decide(engine, id_, state, reason=reason, by=seat.doer, now=seat.now)


def requests_of(approval: Approval) -> list[Request]:
    """What is submitted for an approved intent; each id follows from the approval's."""
    operation = _OPERATIONS[approval.kind]
    intent = msgspec.json.decode(approval.intent, type=operation.intent)
    asker, approver = actor_name(approval.requested_by), actor_name(approval.decided_by or "")
    last = OperationId(approval.id)
    if operation in IN_ONE_STEP:
        return [Request(operation, intent, asker, last, is_keyed=True)]
    first = derived_id("proposal", asker, str(approval.id))
    return [
        Request(operation, intent, asker, first, is_keyed=True),
        Request(operation, intent, approver, last, is_keyed=True),
    ]


HANDLERS: Final = (show_approvals, show_approval, approve, reject, withdraw)
