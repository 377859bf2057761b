"""Who did what: the log of operators' actions, and one action completely."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import OperationId
from payments.kernel.strict import day_bounds
from payments.operators.action import Subject
from payments.operators.history import ActionFilters, RecordedAction, get_action, list_actions
from payments.surfaces.console.access import page_access
from payments.surfaces.console.acting import outcome_of
from payments.surfaces.console.cells import Moment, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.places import href_of
from payments.surfaces.console.render import page

PATH: Final = "/console/actions"


class ActionsQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; `thing` and `thing_id` name what was acted on."""

    who: str | None = None
    action: str | None = None
    thing: str | None = None
    thing_id: str | None = None
    from_day: date | None = None
    to_day: date | None = None


async def load(
    sources: Sources, query: ActionsQuery, before: int | None, count: int
) -> Sequence[RecordedAction]:
    """Actions, newest first."""
    subject = Subject(query.thing, query.thing_id) if query.thing and query.thing_id else None
    filters = ActionFilters(
        login=query.who,
        action=query.action,
        subject=subject,
        since=None if query.from_day is None else day_bounds(query.from_day)[0],
        until=None if query.to_day is None else day_bounds(query.to_day)[1],
    )
    return await list_actions(sources.engine, filters, before, count)


ACTIONS: Final = ListPage(
    path=PATH,
    title="Actions",
    query=ActionsQuery,
    columns=(
        Column("When", lambda a: Moment(a.at)),
        Column("Who", lambda a: Text(a.login or a.address)),
        Column("Action", lambda a: Text(a.action, f"{PATH}/{a.id}")),
        Column(
            "On",
            lambda a: Text(
                f"{a.subject_kind} {a.subject_id}", href_of(a.subject_kind, a.subject_id)
            ),
        ),
        Column("Reason", lambda a: Text(a.reason)),
        Column("From", lambda a: Text(a.address)),
    ),
    load=load,
    key=lambda a: a.id,
    key_type=int,
    empty="Nobody has done anything yet. Logins and every action appear here.",
)


@get(PATH, access=page_access())
async def show_actions(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Every action, newest first."""
    return await answer_list(request, ACTIONS, (engine, engine), console.lens())


@get(f"{PATH}/{{action_id:str}}", access=page_access())
async def show_action(
    request: HttpRequest,
    action_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """One action: before, after, why, and what became of the operation."""
    action = await get_action(engine, action_id)
    done = None
    if action.operation_id is not None:
        done = await outcome_of(request, refusals, OperationId(action.operation_id))
    return page(
        request,
        "action.html",
        at=PATH,
        action=action,
        done=done,
        href=href_of(action.subject_kind, action.subject_id),
    )


HANDLERS: Final = (show_actions, show_action)
