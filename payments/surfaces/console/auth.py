"""Log in with a password, then perhaps with a code; set a password by a one-time link; log out."""

from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.sealing import Seal
from payments.http.access import Access
from payments.http.auth import PUBLIC
from payments.http.reply import Reply
from payments.http.services import HttpRequest, Time
from payments.operators.action import Doer
from payments.operators.credentials import check_password
from payments.operators.queries import Operator, find_operator, operator_of_link
from payments.operators.second_factor import step_of
from payments.operators.writes import use_link, use_recovery_code, use_step
from payments.sessions.writes import begin_session, complete_session, end_session
from payments.surfaces.console.access import CODE, Seat, address_of, page_access, seat_of
from payments.surfaces.console.config import ConsoleAttempts, ConsoleConfig
from payments.surfaces.console.errors import login_page
from payments.surfaces.console.forms import Form, OpenForm, read_form, read_open_form
from payments.surfaces.console.render import open_page, page, see_other
from payments.users.passwords import Passwords

_OPEN: Final = Access(PUBLIC, is_documented=False)
_WRONG: Final = "Login and password do not belong together. Ask an administrator for a new link."
_START: Final = "/console"


class LoginForm(OpenForm, frozen=True, kw_only=True):
    """`next`: the page to go on to."""

    login: Annotated[str, msgspec.Meta(max_length=200)] = ""
    password: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    next: Annotated[str, msgspec.Meta(max_length=2000)] = _START


class CodeForm(Form, frozen=True, kw_only=True):
    """A code of the authenticator, or a recovery code."""

    code: Annotated[str, msgspec.Meta(max_length=100)] = ""
    next: Annotated[str, msgspec.Meta(max_length=2000)] = _START


class PasswordForm(OpenForm, frozen=True, kw_only=True):
    """A new password, twice."""

    password: str = ""
    again: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@get("/console/login", access=_OPEN)
async def show_login(request: HttpRequest) -> Reply:
    """The form to log in."""
    return login_page(request, 200, next_=_START)


@post("/console/login", access=_OPEN)
async def login(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
    logins: NamedDependency[ConsoleAttempts],
    passwords: NamedDependency[Passwords],
    clock: NamedDependency[Time],
) -> Reply:
    """Begin a session; with a second factor it is complete when the code was given."""
    form = await read_open_form(request, LoginForm)
    name = form.login.strip().lower()
    address = address_of(request)
    await logins.login(f"console:{name}", address)
    operator = await find_operator(engine, name) if name.isascii() and name.isprintable() else None
    hashed = None if operator is None else operator.password_hash
    is_right = await passwords.is_right(hashed, form.password)
    if operator is None or operator.is_disabled or not is_right:
        return login_page(request, 401, _WRONG, login=form.login, next_=form.next)
    token = await begin_session(
        engine,
        operator,
        is_complete=not operator.has_second_factor,
        by=Doer(operator.login, address),
        browser=request.headers.get("user-agent", ""),
        now=clock.now(),
    )
    where = _local(form.next)
    return see_other(where, ((b"set-cookie", console.set_cookie(token)),))


@get("/console/code", access=page_access(CODE, sees_accepted=False))
async def show_code(request: HttpRequest) -> Reply:
    """The form for the code of the second factor."""
    return page(request, "code.html", message="", next=_START)


@post("/console/code", access=page_access(CODE))
async def give_code(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    seal: NamedDependency[Seal],
    logins: NamedDependency[ConsoleAttempts],
) -> Reply:
    """Complete the session with a code; attempts are counted like logins."""
    form = await read_form(request, CodeForm)
    seat = seat_of(request)
    await logins.login(f"console-code:{seat.operator.login}", seat.address)
    if not await is_code_good(engine, seal, seat, form.code):
        message = "This code is wrong or was used before. Wait for the next one."
        return page(request, "code.html", 401, message=message, next=form.next)
    await complete_session(engine, seat.session)
    return see_other(_local(form.next))


async def is_code_good(engine: AsyncEngine, seal: Seal, seat: Seat, code: str) -> bool:
    """Use up a code of the authenticator or a recovery code; False when it is wrong or used."""
    operator: Operator = seat.operator
    if operator.totp_sealed is None:
        return False
    plain = code.replace(" ", "")
    step = step_of(seal.open(operator.totp_sealed), plain, seat.now, operator.totp_step)
    if step is not None:
        return await use_step(engine, operator.id, step)
    return await use_recovery_code(engine, operator, plain.lower(), by=seat.doer, now=seat.now)


@post("/console/logout", access=page_access(CODE))
async def logout(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """End this session."""
    await read_form(request, Form)
    seat = seat_of(request)
    await end_session(engine, seat.session, by=seat.doer, now=seat.now)
    return see_other("/console/login", ((b"set-cookie", console.clear_cookie()),))


@get("/console/link/{token:str}", access=_OPEN)
async def show_link(
    token: FromPath[str], engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> Reply:
    """The form to set a password, for who has the link."""
    operator = await operator_of_link(engine, token, clock.now())
    return open_page("link.html", 200, {"login": operator.login, "token": token, "message": ""})


@post("/console/link/{token:str}", access=_OPEN)
async def set_password(
    request: HttpRequest,
    token: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    passwords: NamedDependency[Passwords],
    clock: NamedDependency[Time],
) -> Reply:
    """Set the password; the link is used up, and one logs in with the password."""
    form = await read_open_form(request, PasswordForm)
    now = clock.now()
    operator = await operator_of_link(engine, token, now)
    if form.password != form.again:
        message = "The two passwords differ. Type the same one twice."
        values = {"login": operator.login, "token": token, "message": message}
        return open_page("link.html", 422, values)
    check_password(operator.login, form.password)
    hashed = await passwords.hash(form.password)
    login_ = await use_link(engine, token, hashed, address=address_of(request), now=now)
    message = "The password is set. Log in with it."
    return login_page(request, 200, message, login=login_, next_=_START)


def _local(where: str) -> str:
    """The page to go on to, if it is one of the console's; nothing leads to another site."""
    is_ours = where == _START or where.startswith(("/console/", "/console?"))
    is_plain = where.isascii() and where.isprintable() and "\\" not in where
    return where if is_ours and is_plain else _START


HANDLERS: Final = (show_login, login, show_code, give_code, logout, show_link, set_password)
