"""Dead letters: what could not be handled, why, trying it again, giving it up."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.operations import Refusals
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.ids import OperationId
from payments.operations.letter_list import LetterView, get_letter, list_letters
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.surfaces.console.access import ACT, page_access, seat_of
from payments.surfaces.console.acting import Deed, actor_name, note, outcome_of
from payments.surfaces.console.cells import Id, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig, Letters
from payments.surfaces.console.forms import ActionForm, read_form
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/dead-letters"


class LettersQuery(ListQuery, frozen=True, kw_only=True):
    """Filters of the list; `kind`: of the operation."""

    state: Literal["parked", "retried", "discarded"] | None = None
    kind: Annotated[str, msgspec.Meta(max_length=200)] | None = None


async def load(
    sources: Sources, query: LettersQuery, before: int | None, count: int
) -> Sequence[LetterView]:
    """Dead letters, newest first."""
    return await list_letters(sources.engine, query.state, query.kind, before, count)


def _href(letter_id: int) -> str:
    return f"{PATH}/{letter_id}"


LETTERS: Final = ListPage(
    path=PATH,
    title="Dead letters",
    query=LettersQuery,
    columns=(
        Column("Letter", lambda a: Text(str(a.id), _href(a.id))),
        Column("Parked", lambda a: Moment(a.parked_at)),
        Column("State", lambda a: State(a.state)),
        Column("Stream", lambda a: Text(a.stream)),
        Column("Kind", lambda a: Text(a.kind or "unreadable")),
        Column("Operation", lambda a: Id(str(a.operation_id)) if a.operation_id else Text("")),
        Column("Error", lambda a: Text(a.last_line[:200])),
        Column("Attempts", lambda a: Text(str(a.attempts)), is_number=True),
        Column("Closed by", lambda a: Text(a.closed_by or "")),
        Column("Closed", lambda a: Moment(a.closed_at)),
    ),
    load=load,
    key=lambda a: a.id,
    key_type=int,
    empty="Nothing is parked: everything that was accepted could be handled.",
    intro="What was accepted and could not be handled. Nothing of it is lost or done yet: "
    "try it again once the cause is gone, or give it up.",
)


@get(PATH, access=page_access())
async def list_dead_letters(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Dead letters, newest first."""
    return await answer_list(request, LETTERS, (engine, engine), console.lens())


@get(f"{PATH}/{{letter_id:str}}", access=page_access())
async def show_letter(
    request: HttpRequest,
    letter_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    refusals: NamedDependency[Refusals],
) -> Reply:
    """What was asked for, the traceback, and what became of the operation since."""
    letter = await get_letter(engine, letter_id)
    done = None
    if letter.operation_id is not None and letter.state != "parked":
        done = await outcome_of(request, refusals, OperationId(letter.operation_id))
    return page(
        request,
        "dead_letter.html",
        at=PATH,
        letter=letter,
        payload=_readable(letter.payload or b""),
        history=await actions_on(engine, Subject("dead_letter", str(letter.id))),
        done=done,
    )


def _readable(payload: bytes) -> str:
    """JSON with a member a line; other bytes as text, as far as they are some."""
    try:
        return msgspec.json.format(payload, indent=2).decode()
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return payload.decode(errors="replace")


@post(f"{PATH}/{{letter_id:str}}/retry", access=page_access(ACT))
async def retry(
    request: HttpRequest,
    letter_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    letters: NamedDependency[Letters],
) -> Reply:
    """Put it into its stream again; its operation is decided once, however often that is done."""
    form = await read_form(request, ActionForm)
    letter = await get_letter(engine, letter_id)
    await note(request, engine, "dead_letter.retry", _deed(form, letter, "retried"))
    seat = seat_of(request)
    await letters.retry(letter.id, actor_name(seat.operator.login), seat.now)
    return see_other(_href(letter.id))


@post(f"{PATH}/{{letter_id:str}}/discard", access=page_access(ACT))
async def discard(
    request: HttpRequest,
    letter_id: FromPath[int],
    engine: NamedDependency[AsyncEngine],
    letters: NamedDependency[Letters],
) -> Reply:
    """Give it up: its operation is rejected for good, and whoever asked for it is told."""
    form = await read_form(request, ActionForm)
    letter = await get_letter(engine, letter_id)
    await note(request, engine, "dead_letter.discard", _deed(form, letter, "discarded"))
    seat = seat_of(request)
    await letters.discard(letter.id, actor_name(seat.operator.login), seat.now)
    return see_other(_href(letter.id))


def _deed(form: ActionForm, letter: LetterView, state: str) -> Deed:
    return Deed(
        key=form.key,
        subject=Subject("dead_letter", str(letter.id)),
        reason=form.reason,
        back=_href(letter.id),
        before={"state": letter.state, "kind": letter.kind, "error": letter.last_line[:300]},
        after={"state": state},
    )


HANDLERS: Final = (list_dead_letters, show_letter, retry, discard)
