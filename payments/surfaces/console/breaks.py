"""Breaks: what differs, who works on it, comments, resolving with or without a posting."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.breaks.resolve
from payments.approvals.queries import waiting_about
from payments.breaks import queries
from payments.breaks.advice import EXPLANATIONS
from payments.breaks.queries import BreakView
from payments.breaks.resolve import PLACE_PATTERN, Posting, ResolveBreak, place_of
from payments.breaks.tables import BreakKind, BreakState
from payments.breaks.writes import assign, reopen
from payments.http.body import money_in
from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import parse_id
from payments.kernel.money import currency_of, format_minor
from payments.kernel.strict import ID_MAX, day_bounds
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.operators.history import RecordedAction, actions_on
from payments.operators.queries import get_operator
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import Deed, act, actor_name, ask_second, note, outcome_here
from payments.surfaces.console.cells import Amount, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.places import href_of
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/breaks"
COMMENT: Final = "break.comment"
SUBJECTS: Final[Mapping[str, str]] = {
    BreakKind.MISSING_AT_BANK.value: "bank_payment",
    BreakKind.RETURNED_SPENT.value: "bank_payment",
    BreakKind.STATEMENT_GAP.value: "statement",
}
"""What the subject of a break is; of the other kinds it is a payout or a deposit."""

PlaceName = Annotated[str, msgspec.Meta(pattern=PLACE_PATTERN)]


class BreaksQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; the days are those of the opening."""

    state: BreakState | None = None
    kind: BreakKind | None = None
    severity: Literal["medium", "high", "critical"] | None = None
    assignee: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    merchant_id: Annotated[int, msgspec.Meta(gt=0, le=ID_MAX)] | None = None
    from_day: date | None = None
    to_day: date | None = None


class AssignForm(ActionForm, frozen=True, kw_only=True):
    """The login of who works on it."""

    assignee: Annotated[str, msgspec.Meta(max_length=64)]


class PostingForm(ActionForm, frozen=True, kw_only=True):
    """The posting that corrects the difference; places as `wallet:17`, `suspense`."""

    source: PlaceName
    destination: PlaceName
    amount: Annotated[str, msgspec.Meta(max_length=40)]
    currency: Annotated[str, msgspec.Meta(max_length=10)]


async def load(
    sources: Sources, query: BreaksQuery, before: tuple[datetime, UUID] | None, count: int
) -> Sequence[BreakView]:
    """Breaks, newest first."""
    named = {
        "state": query.state.value if query.state else None,
        "kind": query.kind.value if query.kind else None,
        "severity": query.severity,
        "assignee": query.assignee,
        "merchant_id": query.merchant_id,
    }
    return await queries.list_breaks(
        sources.engine,
        {name: value for name, value in named.items() if value is not None},
        sources.now,
        before,
        count,
        since=None if query.from_day is None else day_bounds(query.from_day)[0],
        until=None if query.to_day is None else day_bounds(query.to_day)[1],
    )


def _href(break_: BreakView) -> str:
    return f"{PATH}/{break_.break_id}"


BREAKS: Final = ListPage(
    path=PATH,
    title="Breaks",
    query=BreaksQuery,
    columns=(
        Column("Opened", lambda b: Moment(b.opened_at)),
        Column("What differs", lambda b: Text(b.kind.replace("_", " "), _href(b))),
        Column("Severity", lambda b: State(b.severity)),
        Column("State", lambda b: State(b.state)),
        Column("Money at risk", lambda b: Amount(b.money_at_risk, b.currency), is_number=True),
        Column("Currency", lambda b: Text(b.currency)),
        Column("Assignee", lambda b: Text(b.assignee or "")),
        Column("Provider", lambda b: Text(b.provider)),
        Column("Merchant id", lambda b: Text("" if b.merchant_id is None else str(b.merchant_id))),
        Column("Found by", lambda b: Text(b.found_by)),
        Column("Resolved", lambda b: Moment(b.resolved_at)),
    ),
    load=load,
    key=lambda b: (b.opened_at, b.break_id),
    key_type=tuple[datetime, UUID],
    empty="Our books and those of providers and banks agree. Import a statement to compare more.",
    intro="Differences between our books and what providers and banks say.",
)


@get(PATH, access=page_access())
async def list_breaks(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Breaks, newest first."""
    return await answer_list(request, BREAKS, (engine, engine), console.lens())


@get(f"{PATH}/{{break_id:str}}", access=page_access())
async def show_break(
    request: HttpRequest,
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """What each side says, what it means, and what was done about it so far."""
    break_ = await _break(request, engine, break_id)
    subject = Subject("break", str(break_.break_id))
    history = await actions_on(engine, subject)
    return page(
        request,
        "break.html",
        at=PATH,
        one=break_,
        explanation=EXPLANATIONS[BreakKind(break_.kind)],
        subject=_subject(break_),
        said={n: v for n, v in break_.details.items() if n not in {"ours", "theirs"}},
        comments=_comments(history),
        waiting=await waiting_about(engine, subject.kind, subject.id),
        history=history,
        done=await outcome_here(request, refusals),
    )


def _subject(break_: BreakView) -> str | None:
    """The page of what the break is about; the search finds a payout or a deposit."""
    if break_.subject_id is None:
        return None
    kind = SUBJECTS.get(break_.kind)
    return (
        href_of(kind, str(break_.subject_id)) if kind else f"/console/search?q={break_.subject_id}"
    )


def _comments(history: Sequence[RecordedAction]) -> Sequence[RecordedAction]:
    return [action for action in reversed(history) if action.action == COMMENT]


@post(f"{PATH}/{{break_id:str}}/assign", access=page_access(ACT))
async def assign_break(
    request: HttpRequest, break_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Say which operator works on it."""
    form = await read_form(request, AssignForm)
    break_ = await _break(request, engine, break_id)
    assignee = (await get_operator(engine, form.assignee.lower())).login
    deed = _deed(form, break_, {"assignee": assignee})
    await note(request, engine, "break.assign", deed)
    seat = seat_of(request)
    by = actor_name(seat.operator.login)
    await assign(engine, break_.break_id, assignee, by=by, now=seat.now)
    return see_other(deed.back)


@post(f"{PATH}/{{break_id:str}}/comment", access=page_access(ACT))
async def comment(
    request: HttpRequest, break_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Write down what was found out; the log of actions keeps it (ADR 0139)."""
    form = await read_form(request, ActionForm)
    break_ = await _break(request, engine, break_id)
    deed = _deed(form, break_, {})
    await note(request, engine, COMMENT, deed)
    return see_other(deed.back)


@post(f"{PATH}/{{break_id:str}}/resolve", access=page_access(ACT))
async def resolve(
    request: HttpRequest,
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """End it with a reason; no money moves."""
    form = await read_form(request, ActionForm)
    break_ = await _break(request, engine, break_id)
    intent = ResolveBreak(break_id=break_.break_id, reason=form.reason)
    deed = _deed(form, break_, {"state": "resolved", "money": "does not move"})
    return await act(request, engine, submitter, payments.breaks.resolve.OPERATION, intent, deed)


@post(f"{PATH}/{{break_id:str}}/post", access=page_access(ACT))
async def resolve_with_posting(
    request: HttpRequest, break_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Ask another operator to agree on the posting that corrects it."""
    form = await read_form(request, PostingForm)
    break_ = await _break(request, engine, break_id)
    money = money_in(msgspec.Raw(msgspec.json.encode(form.amount)), form.currency.upper())
    posting = Posting(
        source=place_of(form.source),
        destination=place_of(form.destination),
        minor=money.minor,
        currency=money.currency,
    )
    intent = ResolveBreak(break_id=break_.break_id, reason=form.reason, posting=posting)
    amount = f"{format_minor(money.minor, currency_of(money.currency))} {money.currency}"
    moves = f"{amount} from {form.source} to {form.destination}"
    deed = _deed(form, break_, {"state": "resolved", "moves": [moves]})
    summary = f"Resolve break {break_.kind.replace('_', ' ')}: post {moves}"
    operation = payments.breaks.resolve.OPERATION
    return await ask_second(request, engine, operation, intent, deed, summary)


@post(f"{PATH}/{{break_id:str}}/reopen", access=page_access(ACT))
async def reopen_break(
    request: HttpRequest, break_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Open a resolved break again; what its resolution moved stays where it is."""
    form = await read_form(request, ActionForm)
    break_ = await _break(request, engine, break_id)
    deed = _deed(form, break_, {"state": "open"})
    await note(request, engine, "break.reopen", deed)
    seat = seat_of(request)
    by = actor_name(seat.operator.login)
    await reopen(engine, break_.break_id, by=by, now=seat.now)
    return see_other(deed.back)


async def _break(request: HttpRequest, engine: AsyncEngine, break_id: str) -> BreakView:
    return await queries.get_break(engine, parse_id(break_id), seat_of(request).now)


def _deed(form: ActionForm, break_: BreakView, after: dict[str, Any]) -> Deed:
    before: dict[str, Any] = {
        "state": break_.state,
        "assignee": break_.assignee,
        "money_at_risk": f"{break_.money_at_risk} {break_.currency}",
    }
    return Deed(
        key=form.key,
        subject=Subject("break", str(break_.break_id)),
        reason=form.reason,
        back=_href(break_),
        before=before,
        after=after,
    )


HANDLERS: Final = (
    list_breaks,
    show_break,
    assign_break,
    comment,
    resolve,
    resolve_with_posting,
    reopen_break,
)
