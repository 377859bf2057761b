"""Operators: who may log in, with which role; an administrator manages them."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.operators import writes
from payments.operators.action import Subject
from payments.operators.credentials import checked_login
from payments.operators.history import actions_on
from payments.operators.queries import Operator, get_operator
from payments.operators.queries import list_operators as read_operators
from payments.operators.status import Role
from payments.sessions.queries import list_sessions
from payments.surfaces.console.access import ADMIN, page_access, seat_of
from payments.surfaces.console.cells import Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.forms import Form, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.places import href_of
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/operators"


class NewOperatorForm(Form, frozen=True, kw_only=True):
    """Who, with which role."""

    login: Annotated[str, msgspec.Meta(max_length=200)]
    role: Role
    second_factor: bool = False


class RoleForm(Form, frozen=True, kw_only=True):
    """The new role."""

    role: Role


class SecondFactorForm(Form, frozen=True, kw_only=True):
    """Whether a second factor is required."""

    is_required: bool


async def load(
    sources: Sources, _query: ListQuery, after: str | None, count: int
) -> Sequence[Operator]:
    """Operators by login."""
    return await read_operators(sources.engine, after or "", count)


def _factor(operator: Operator) -> Text:
    word = "on" if operator.has_second_factor else "off"
    return Text(f"{word}, required" if operator.must_use_second_factor else word)


OPERATORS: Final = ListPage(
    path=PATH,
    title="Operators",
    query=ListQuery,
    columns=(
        Column("Login", lambda o: Text(o.login, href_of("operator", o.login))),
        Column("Role", lambda o: Text(o.role)),
        Column("State", lambda o: State(o.state)),
        Column("Second factor", _factor),
        Column("Since", lambda o: Moment(o.created_at)),
    ),
    load=load,
    key=lambda o: o.login,
    key_type=str,
    empty="No operator yet: payments operators create --login you --role admin.",
)


@get(PATH, access=page_access())
async def list_operators(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Everybody who may log in."""
    return await answer_list(
        request, OPERATORS, (engine, engine), console.lens(), template="operators.html", roles=Role
    )


@get(f"{PATH}/{{login:str}}", access=page_access())
async def show_operator(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """One operator: sessions, what was done to the account."""
    return await _show(request, login, engine)


@post(PATH, access=page_access(ADMIN))
async def create(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Create an operator; the link to set a password is shown here only."""
    form = await read_form(request, NewOperatorForm)
    seat = seat_of(request)
    token = await writes.create_operator(
        engine,
        form.login,
        form.role,
        must_use_second_factor=form.second_factor,
        by=seat.doer,
        now=seat.now,
    )
    return await _show(request, checked_login(form.login), engine, console.link(token))


@post(f"{PATH}/{{login:str}}/reset", access=page_access(ADMIN))
async def reset(
    request: HttpRequest,
    login: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Take password, second factor and sessions away; the new link is shown here only."""
    await read_form(request, Form)
    seat = seat_of(request)
    token = await writes.reset_operator(engine, login, by=seat.doer, now=seat.now)
    return await _show(request, login, engine, console.link(token))


@post(f"{PATH}/{{login:str}}/disable", access=page_access(ADMIN))
async def disable(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """End the sessions and let nobody log in with it."""
    return await _switch(request, login, engine, is_disabled=True)


@post(f"{PATH}/{{login:str}}/enable", access=page_access(ADMIN))
async def enable(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Let the operator log in again."""
    return await _switch(request, login, engine, is_disabled=False)


@post(f"{PATH}/{{login:str}}/role", access=page_access(ADMIN))
async def change_role(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Give another role."""
    form = await read_form(request, RoleForm)
    seat = seat_of(request)
    await writes.set_role(engine, login, form.role, by=seat.doer, now=seat.now)
    return see_other(href_of("operator", login) or PATH)


@post(f"{PATH}/{{login:str}}/second-factor", access=page_access(ADMIN))
async def require_second_factor(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Require a second factor, or do not any more."""
    form = await read_form(request, SecondFactorForm)
    seat = seat_of(request)
    await writes.require_second_factor(
        engine, login, is_required=form.is_required, by=seat.doer, now=seat.now
    )
    return see_other(href_of("operator", login) or PATH)


@post(f"{PATH}/{{login:str}}/end-sessions", access=page_access(ADMIN))
async def end_sessions(
    request: HttpRequest, login: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> Reply:
    """Log the operator out everywhere."""
    await read_form(request, Form)
    seat = seat_of(request)
    await writes.end_sessions(engine, login, by=seat.doer, now=seat.now)
    return see_other(href_of("operator", login) or PATH)


async def _switch(
    request: HttpRequest, login: str, engine: AsyncEngine, *, is_disabled: bool
) -> Reply:
    await read_form(request, Form)
    seat = seat_of(request)
    await writes.set_disabled(engine, login, is_disabled=is_disabled, by=seat.doer, now=seat.now)
    return see_other(href_of("operator", login) or PATH)


async def _show(request: HttpRequest, login: str, engine: AsyncEngine, link: str = "") -> Reply:
    shown = await get_operator(engine, login)
    return page(
        request,
        "operator.html",
        at=PATH,
        shown=shown,
        link=link,
        roles=Role,
        sessions=await list_sessions(engine, shown.id, seat_of(request).now),
        history=await actions_on(engine, Subject("operator", shown.login)),
    )


HANDLERS: Final = (
    list_operators,
    show_operator,
    create,
    reset,
    disable,
    enable,
    change_role,
    require_second_factor,
    end_sessions,
)
