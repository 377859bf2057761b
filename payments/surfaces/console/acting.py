"""How an operator acts: recorded first, then submitted like every other intent (ADR 0136)."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.approvals.writes import Asked, ask
from payments.http.operation_status import standing
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidRequest
from payments.kernel.ids import OperationId, derived_id, parse_id
from payments.operations.operation import Operation
from payments.operations.submit import Request, Submitter
from payments.operators.action import Action, Subject
from payments.operators.history import actions_on
from payments.operators.writes import record_action
from payments.surfaces.console.access import seat_of
from payments.surfaces.console.render import see_other

WAIT_S: Final = 5
"""How long a page waits for the outcome; what is accepted is decided all the same."""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator does. `key` is the form's; `back`: the page to show afterwards."""

    key: UUID
    subject: Subject
    reason: str
    back: str
    before: Mapping[str, Any] = {}
    after: Mapping[str, Any] = {}


async def act(
    request: HttpRequest,
    engine: AsyncEngine,
    submitter: Submitter,
    operation: Operation[Any],
    intent: Any,
    deed: Deed,
) -> Reply:
    """Record the action, submit the intent as this operator, go back and show the outcome.

    The id is derived from operator and form, so that a form posted twice is one operation.
    """
    seat = seat_of(request)
    actor = actor_name(seat.operator.login)
    operation_id = derived_id("console", actor, str(deed.key))
    action = Action(
        doer=seat.doer,
        action=operation.kind,
        subject=deed.subject,
        before=deed.before,
        after=deed.after,
        reason=deed.reason,
        operation_id=operation_id,
    )
    await record_action(engine, action, seat.now)
    await submitter(Request(operation, intent, actor, operation_id, is_keyed=True), WAIT_S)
    return see_other(f"{deed.back}?{urlencode({'done': operation_id})}")


async def note(request: HttpRequest, engine: AsyncEngine, word: str, deed: Deed) -> bool:
    """Record an action that is no operation, before it is done.

    False for a form that was posted before: what may happen only once is not done again.
    """
    seat, form = seat_of(request), str(deed.key)
    if any(action.after.get("form") == form for action in await actions_on(engine, deed.subject)):
        return False
    action = Action(
        doer=seat.doer,
        action=word,
        subject=deed.subject,
        before=deed.before,
        after={**deed.after, "form": form},
        reason=deed.reason,
    )
    await record_action(engine, action, seat.now)
    return True


async def ask_second(
    request: HttpRequest,
    engine: AsyncEngine,
    operation: Operation[Any],
    intent: Any,
    deed: Deed,
    summary: str,
) -> Reply:
    """Keep the intent until another operator approves it; go to the page of the approval."""
    seat = seat_of(request)
    approval_id = derived_id("approval", actor_name(seat.operator.login), str(deed.key))
    asked = Asked(
        id=approval_id,
        kind=operation.kind,
        intent=msgspec.to_builtins(intent),
        summary=summary,
        shown={"before": dict(deed.before), "after": dict(deed.after)},
        subject=deed.subject,
        reason=deed.reason,
    )
    await ask(engine, asked, by=seat.doer, now=seat.now)
    return see_other(f"/console/approvals/{approval_id}")


def actor_name(login: str) -> str:
    """The actor of operations that an operator submits."""
    return f"operator:{login}"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an action, for the line at the top of the page."""

    operation_id: str
    kind: str
    status: str
    sentence: str


async def outcome_here(request: HttpRequest, refusals: Refusals) -> Done | None:
    """The outcome named by `?done=` of this page; None when it names none."""
    text = request.query_params.get("done")
    if text is None:
        return None
    operation_id = parse_id(text)
    if operation_id is None:
        raise InvalidRequest("done= names an operation by its id")
    return await outcome_of(request, refusals, operation_id)


async def outcome_of(
    request: HttpRequest, refusals: Refusals, operation_id: OperationId
) -> Done | None:
    """Where an operation stands, in a sentence; None when it was never accepted."""
    known = await standing(request, operation_id)
    if known is None:
        return None
    status, reason = known[1].status, known[1].reason
    refusal = refusals.get(reason or "")
    sentences = {
        "applied": "Done.",
        "accepted": "Accepted; it is being decided. Reload the page in a moment.",
        "parked": "It could not be applied and waits among the dead letters.",
        "rejected": refusal.sentence if refusal else f"Refused: {reason}.",
    }
    return Done(
        operation_id=str(operation_id),
        kind=known[1].kind,
        status=status,
        sentence=sentences[status],
    )
