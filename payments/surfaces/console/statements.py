"""Statements: the list, importing a file, a statement with its lines and what became of them."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access
from payments.http.lists import decode_cursor, encode_cursor
from payments.http.query import read_query
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.http.uploads import FILE_MAX_BYTES
from payments.kernel.ids import parse_id
from payments.operations.submit import Submitter
from payments.operators.action import Subject
from payments.operators.history import actions_on
from payments.statements import queries
from payments.statements.line_list import list_lines
from payments.statements.load import load_file
from payments.statements.profiles import profile_names
from payments.statements.queries import Place, StatementView
from payments.statements.read import CSV, FORMATS
from payments.surfaces.console.access import ACT, CONSOLE, page_access, seat_of
from payments.surfaces.console.acting import Deed, actor_name, note
from payments.surfaces.console.cells import Amount, Moment, State, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.file_forms import read_upload
from payments.surfaces.console.forms import ActionForm
from payments.surfaces.console.inner_lists import lines_of
from payments.surfaces.console.lists import Column, ListPage, ListQuery, Sources, answer_list
from payments.surfaces.console.render import page, see_other

PATH: Final = "/console/statements"
BOOKED_WITHIN_S: Final = 10
_LINES: Final = 50

Row = tuple[Place, StatementView]


class StatementsQuery(ListQuery, frozen=True, kw_only=True):
    """`account`: ours at the bank."""

    account: Annotated[str, msgspec.Meta(max_length=100)] | None = None


class LinesQuery(ListQuery, frozen=True, kw_only=True):
    """`imported`: what became of the file that was just sent."""

    state: Literal["matched", "ours_only", "theirs_only", "fee", "new"] | None = None
    imported: Literal["new", "duplicate"] | None = None


class ImportForm(ActionForm, frozen=True, kw_only=True):
    """`account` is needed for a CSV file, and for a file of several accounts."""

    account: Annotated[str, msgspec.Meta(max_length=100)] = ""
    format: Annotated[str, msgspec.Meta(max_length=100)] = "auto"


async def load(
    sources: Sources, query: StatementsQuery, before: Place | None, count: int
) -> Sequence[Row]:
    """Statements, newest first, each with its place in the list."""
    keys = await queries.list_statements(sources.engine, query.account, before, count)
    ids = [key[1] for key in keys]
    views = await queries.get_statements(sources.engine, ids) if ids else ()
    return list(zip(keys, views, strict=True))


def _href(statement_id: UUID | None) -> str:
    return f"{PATH}/{statement_id}"


def _verdict(row: Row) -> State:
    """One word for what needs somebody."""
    view = row[1]
    if view.breaks:
        return State("breaks", "doubt")
    return State("pending") if view.undecided else State("booked")


STATEMENTS: Final = ListPage(
    path=PATH,
    title="Statements",
    query=StatementsQuery,
    columns=(
        Column("Loaded", lambda r: Moment(r[1].loaded_at)),
        Column(
            "Account",
            lambda r: Text(r[1].account or "without a number", _href(r[1].statement_id)),
        ),
        Column("Days", lambda r: Text(f"{r[1].begins} to {r[1].ends}")),
        Column("State", _verdict),
        Column("Lines", lambda r: Text(str(r[1].lines)), is_number=True),
        Column("Matched", lambda r: Text(str(r[1].matched)), is_number=True),
        Column("Theirs only", lambda r: Text(str(r[1].unmatched)), is_number=True),
        Column("Ours only", lambda r: Text(str(r[1].ours_only)), is_number=True),
        Column("Breaks", lambda r: Text(str(r[1].breaks)), is_number=True),
        Column("Received", lambda r: Amount(r[1].received, r[1].currency), is_number=True),
        Column("Sent", lambda r: Amount(r[1].sent, r[1].currency), is_number=True),
        Column("Currency", lambda r: Text(r[1].currency)),
        Column("Loaded by", lambda r: Text(r[1].loaded_by)),
    ),
    load=load,
    key=lambda r: r[0],
    key_type=Place,
    empty="No statement yet. Import the file that the bank gave you, below.",
    intro="What banks say about our accounts, line by line beside our books.",
)


@get(PATH, access=page_access())
async def list_statements(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Statements, newest first, and the form to import one."""
    formats = (*FORMATS, *(f"{CSV}{name}" for name in profile_names()))
    return await answer_list(
        request,
        STATEMENTS,
        (engine, engine),
        console.lens(),
        template="statements.html",
        formats=formats,
    )


@post(
    PATH,
    access=Access(CONSOLE, ACT, body_max_bytes=FILE_MAX_BYTES, is_documented=False),
    request_max_body_size=FILE_MAX_BYTES,
)
async def import_statement(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
) -> Reply:
    """Keep a file whole and book its lines; the same file again changes nothing."""
    form, file = await read_upload(request, ImportForm)
    seat = seat_of(request)
    deed = Deed(
        key=form.key,
        subject=Subject("statement_file", hashlib.sha256(file.raw).hexdigest()),
        reason=form.reason,
        back=PATH,
        after={"file": file.name, "bytes": len(file.raw), "account": form.account},
    )
    await note(request, engine, "statement.import", deed)
    imported = await load_file(
        engine,
        submitter,
        file.raw,
        format_=form.format,
        account=form.account,
        by=actor_name(seat.operator.login),
        now=seat.now,
        wait_s=BOOKED_WITHIN_S,
    )
    word = "duplicate" if imported.is_duplicate else "new"
    return see_other(f"{_href(imported.statement_id)}?imported={word}")


@get(f"{PATH}/{{statement_id:str}}", access=page_access())
async def show_statement(
    request: HttpRequest,
    statement_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """A statement, its lines of a state, what it lacks, and who imported the file."""
    id_ = parse_id(statement_id)
    if id_ is None:
        raise queries.StatementNotFound
    query = read_query(request, LinesQuery, is_form=True)
    [view] = await queries.get_statements(engine, [id_])
    if query.format == "csv":
        listed = lines_of(view, LinesQuery, query.state)
        return await answer_list(request, listed, (engine, engine), console.lens())
    before = decode_cursor(query.cursor, UUID)
    lines = await list_lines(engine, id_, query.state, before, _LINES + 1)
    following = encode_cursor(lines[_LINES - 1].line_id) if len(lines) > _LINES else None
    return page(
        request,
        "statement.html",
        at=PATH,
        statement=view,
        lines=lines[:_LINES],
        following=following,
        state=query.state,
        states=LINE_STATES,
        imported=query.imported,
        history=await actions_on(engine, Subject("statement_file", view.sha256)),
    )


LINE_STATES: Final = {
    "matched": "on both sides",
    "theirs_only": "only in the statement",
    "ours_only": "only in our books",
    "fee": "fees",
    "new": "not booked yet",
}
"""States of lines, as the filter names them."""

HANDLERS: Final = (list_statements, import_statement, show_statement)
