"""One's own account: password, second factor, recovery codes."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.sealing import Seal, Unsealable
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.errors import InvalidBody
from payments.operators.credentials import check_password
from payments.operators.second_factor import new_secret, step_of, uri
from payments.operators.token import new_recovery_codes
from payments.operators.writes import change_password, enrol_second_factor
from payments.sessions.queries import list_sessions
from payments.surfaces.console.access import SELF, page_access, seat_of
from payments.surfaces.console.config import ConsoleAttempts, ConsoleConfig
from payments.surfaces.console.errors import login_page
from payments.surfaces.console.forms import Form, read_form
from payments.surfaces.console.qr import qr_code
from payments.surfaces.console.render import page
from payments.users.passwords import Passwords

Password = Annotated[str, msgspec.Meta(max_length=1000)]


class WrongPassword(InvalidBody):
    """This is not your password. Type the one you logged in with."""

    code = "wrong_password"


class ChangeForm(Form, frozen=True, kw_only=True):
    """The old password, and the new one twice."""

    old_password: Password = ""
    password: Password = ""
    password_again: Password = ""


class EnrolForm(Form, frozen=True, kw_only=True):
    """The secret as it was shown, sealed, and a code that proves that the phone has it."""

    sealed: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    code: Annotated[str, msgspec.Meta(max_length=20)] = ""
    password: Password = ""


@get("/console/account", access=page_access(SELF, sees_accepted=False))
async def show(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> Reply:
    """Who one is, and one's sessions."""
    seat = seat_of(request)
    sessions = await list_sessions(engine, seat.operator.id, seat.now)
    return page(request, "account.html", at="/console/account", sessions=sessions)


@post("/console/account/password", access=page_access(SELF))
async def change(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    passwords: NamedDependency[Passwords],
    logins: NamedDependency[ConsoleAttempts],
    console: NamedDependency[ConsoleConfig],
) -> Reply:
    """Change the password; every session ends, this one too."""
    form = await read_form(request, ChangeForm)
    seat = seat_of(request)
    await _check_own(request, form.old_password, passwords, logins)
    if form.password != form.password_again:
        raise InvalidBody("The two passwords differ. Type the same one twice.")
    check_password(seat.operator.login, form.password)
    hashed = await passwords.hash(form.password)
    await change_password(engine, seat.operator.login, hashed, by=seat.doer, now=seat.now)
    message = "The password is changed. Log in with it."
    reply = login_page(request, 200, message, login=seat.operator.login, next_="/console")
    reply.raw_headers.append((b"set-cookie", console.clear_cookie()))
    return reply


@get("/console/account/second-factor", access=page_access(SELF, sees_accepted=False))
async def show_enrolment(request: HttpRequest, seal: NamedDependency[Seal]) -> Reply:
    """A new secret; it counts once a code of it was given."""
    secret = new_secret()
    address = uri(secret, seat_of(request).operator.login)
    return page(
        request,
        "second_factor.html",
        at="/console/account",
        secret=secret,
        uri=address,
        code=qr_code(address),
        sealed=seal.close(secret).decode(),
    )


@post("/console/account/second-factor", access=page_access(SELF))
async def enrol(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    seal: NamedDependency[Seal],
    passwords: NamedDependency[Passwords],
    logins: NamedDependency[ConsoleAttempts],
) -> Reply:
    """Keep the secret; the recovery codes are shown here only."""
    form = await read_form(request, EnrolForm)
    seat = seat_of(request)
    await _check_own(request, form.password, passwords, logins)
    step = _step(seal, form, seat.now)
    if step is None:
        raise InvalidBody("This code does not belong to the secret. Begin again.")
    codes = new_recovery_codes()
    await enrol_second_factor(
        engine,
        seat.operator.login,
        sealed=form.sealed.encode(),
        step=step,
        codes=codes,
        by=seat.doer,
        now=seat.now,
    )
    return page(request, "recovery_codes.html", at="/console/account", codes=codes)


def _step(seal: Seal, form: EnrolForm, now: datetime) -> int | None:
    """The time step of the code; None when it, or the secret, is not what the page gave."""
    try:
        secret = seal.open(form.sealed.encode())
    except Unsealable:
        return None
    return step_of(secret, form.code.replace(" ", ""), now, 0)


async def _check_own(
    request: HttpRequest, password: str, passwords: Passwords, logins: ConsoleAttempts
) -> None:
    """Whoever finds a browser open cannot take the account over. Raises 422, 429."""
    operator = seat_of(request).operator
    await logins.login(f"console:{operator.login}", seat_of(request).address)
    if not await passwords.is_right(operator.password_hash, password):
        raise WrongPassword


HANDLERS: Final = (show, change, show_enrolment, enrol)
