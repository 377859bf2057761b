"""Statements of banks: a file in, and what of it meets our books."""

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.access import Access, Takes
from payments.http.auth import API_KEY, actor_of
from payments.http.listing import Listing, list_reply
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.http.uploads import post_file
from payments.kernel.ids import parse_id
from payments.operations.submit import Submitter
from payments.statements import queries
from payments.statements.line_list import list_lines as list_lines_of
from payments.statements.load import dry_run, load_file
from payments.statements.queries import Place, StatementNotFound, StatementView
from payments.surfaces.bankwebhook.answers import (
    LineList,
    StatementAnswer,
    StatementList,
)
from payments.surfaces.bankwebhook.bodies import ImportQuery, LinesQuery, StatementsQuery
from payments.surfaces.bankwebhook.multipart import read_upload

SCOPE: Final = "reconciliation:write"
BOOKED_WITHIN_S: Final = 10


@post_file(
    "/v1/statements",
    SCOPE,
    takes=Takes.WAIT,
    query=ImportQuery,
    uploads={
        "application/octet-stream": bytes,
        "application/xml": str,
        "multipart/form-data": dict[str, Any],
        "text/csv": str,
        "text/plain": str,
    },
    answers={200: StatementAnswer, 201: StatementAnswer},
)
async def import_statement(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    clock: NamedDependency[Time],
) -> Reply:
    """Import a statement, raw or as the file of a form; the same bytes again change nothing.

    A file with a fault changes nothing: 422 `invalid_statement` with every fault in `errors[]`.
    """
    query = read_query(request, ImportQuery)
    raw = await read_upload(request)
    if query.dry_run:
        statement, new = await dry_run(engine, raw, query.format, query.account)
        digest, now = hashlib.sha256(raw).hexdigest(), clock.now()
        by = actor_of(request).name
        view = queries.preview(statement, query.format, new, digest, by, now)
        return json_reply(_answer(view, "dry_run"))
    prefers_s = preferred_wait_s(request)
    imported = await load_file(
        engine,
        submitter,
        raw,
        format_=query.format,
        account=query.account,
        by=actor_of(request).name,
        now=clock.now(),
        wait_s=prefers_s or BOOKED_WITHIN_S,
    )
    [view] = await queries.get_statements(engine, [imported.statement_id])
    status = "duplicate" if imported.is_duplicate else "imported"
    answer = _answer(view, status)
    headers = (APPLIED,) if prefers_s else ()
    return json_reply(answer, 200 if imported.is_duplicate else 201, headers)


@get(
    "/v1/statements",
    access=Access(API_KEY, SCOPE, query=StatementsQuery, answers={200: StatementList}),
)
async def list_statements(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Statements, newest first."""
    query = read_query(request, StatementsQuery)

    async def read(before: Place | None, count: int) -> Sequence[tuple[Place, StatementView]]:
        keys = await queries.list_statements(engine, query.account, before, count)
        views = await queries.get_statements(engine, [key[1] for key in keys]) if keys else ()
        return list(zip(keys, views, strict=True))

    listing = Listing(cursor=Place, read=read, key=lambda row: row[0], item=lambda row: row[1])
    return await list_reply(request, query, listing)


@get(
    "/v1/statements/{statement_id:str}",
    access=Access(API_KEY, SCOPE, answers={200: StatementView}),
)
async def get_statement(statement_id: FromPath[str], engine: NamedDependency[AsyncEngine]) -> Reply:
    """A statement and what became of its lines."""
    id_ = parse_id(statement_id)
    if id_ is None:
        raise StatementNotFound
    [view] = await queries.get_statements(engine, [id_])
    return json_reply(view)


@get(
    "/v1/statements/{statement_id:str}/lines",
    access=Access(API_KEY, SCOPE, query=LinesQuery, answers={200: LineList}),
)
async def list_lines(
    request: HttpRequest, statement_id: FromPath[str], engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Lines of a statement, both ways: what they have, and (`ours_only`) what they lack."""
    query = read_query(request, LinesQuery)
    id_ = parse_id(statement_id)
    if id_ is None:
        raise StatementNotFound
    await queries.check_exists(engine, id_)
    listing = Listing(
        cursor=UUID,
        read=partial(list_lines_of, engine, id_, query.state),
        key=lambda line: line.line_id,
    )
    return await list_reply(request, query, listing)


def _answer(view: StatementView, status: str) -> StatementAnswer:
    return StatementAnswer(**msgspec.structs.asdict(view), status=status)


HANDLERS: Final = (import_statement, list_statements, get_statement, list_lines)
