"""Checks: when the invariants were last proven, proving them now, what a broken one means."""

from typing import Final

from litestar import get, post
from litestar.di import NamedDependency
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.operators.action import Action, Subject
from payments.operators.history import actions_on
from payments.operators.writes import record_action
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.config import CheckRunner
from payments.surfaces.console.forms import Form, read_form
from payments.surfaces.console.render import page

PATH: Final = "/console/checks"
_SUBJECT: Final = Subject("checks", "all")


@get(PATH, access=page_access(sees_accepted=False))
async def show_checks(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    runner: NamedDependency[CheckRunner],
) -> Reply:
    """The scheduler's last runs, and who ran the checks here."""
    return page(
        request,
        "checks.html",
        at=PATH,
        runs=await runner.last(),
        checked=None,
        history=await actions_on(engine, _SUBJECT),
    )


@post(f"{PATH}/run", access=page_access(ACT))
async def run_checks(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    runner: NamedDependency[CheckRunner],
) -> Reply:
    """Check everything now, in one state of the data; the answer is this page only."""
    await read_form(request, Form)
    seat = seat_of(request)
    await record_action(
        engine, Action(doer=seat.doer, action="checks.run", subject=_SUBJECT), seat.now
    )
    checked = await runner.run()
    return page(
        request,
        "checks.html",
        at=PATH,
        runs=await runner.last(),
        checked=sorted(checked, key=lambda one: (not one.is_broken, not one.is_only_warned)),
        history=await actions_on(engine, _SUBJECT),
    )


HANDLERS: Final = (show_checks, run_checks)
