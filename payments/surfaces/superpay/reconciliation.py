"""/v1/reconciliation: registries, breaks, and what operators do about them."""

from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.breaks.resolve
import payments.reconciliation.fetch
from payments.breaks import queries as breaks
from payments.breaks.queries import BreakView
from payments.breaks.resolve import Posting, ResolveBreak, place_of
from payments.breaks.writes import assign
from payments.callbacks.queries import list_callbacks
from payments.http.access import Access
from payments.http.auth import API_KEY, actor_of
from payments.http.body import money_in, read_body
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.operations import submit
from payments.http.prefer import preferred_wait_s
from payments.http.query import read_query
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest, Time
from payments.http.uploads import post_file
from payments.kernel.ids import parse_id
from payments.operations.submit import Submitter
from payments.reconciliation.fetch import FetchRegistry
from payments.reconciliation.queries import list_runs
from payments.reconciliation.writes import Loaded, load
from payments.statements.settlement_day import Registry
from payments.surfaces.superpay.answers import (
    BreakList,
    CallbackList,
    LoadedAnswer,
    RunList,
    SummaryAnswer,
)
from payments.surfaces.superpay.bodies import (
    AssignBody,
    BreakResolutionBody,
    BreaksQuery,
    CallbacksQuery,
    FetchBody,
    LedgerBody,
    UploadQuery,
)
from payments.surfaces.superpay.fetching import follow_up
from payments.surfaces.superpay.uploads import check_fetchable, read_upload

SCOPE: Final = "reconciliation:write"
DECIDED_WITHIN_S: Final = 10


@post_file(
    "/v1/reconciliation/registries",
    SCOPE,
    query=UploadQuery,
    uploads={"application/json": dict[str, Any], "text/csv": str},
    answers={200: LoadedAnswer},
)
async def upload_registry(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    submitter: NamedDependency[Submitter],
    clock: NamedDependency[Time],
) -> Reply:
    """Compare a registry file, JSON or CSV (text/csv, with `?date=`), and answer what it showed.

    A file with a fault changes nothing: 422 `invalid_registry` with every fault in `errors[]`.
    """
    now = clock.now()
    registry = await read_upload(request, now)
    by = actor_of(request).name
    loaded = await load(engine, registry, source="uploaded", by=by, now=now)
    await follow_up(submitter, loaded)
    return json_reply(await _loaded(engine, registry, loaded, clock.now()))


async def _loaded(
    engine: AsyncEngine, registry: Registry, loaded: Loaded, now: datetime
) -> LoadedAnswer:
    return LoadedAnswer(
        run_id=str(loaded.run_id),
        date=registry.day.isoformat(),
        closed=registry.is_closed,
        lines=loaded.line_count,
        matched=loaded.matched_count,
        breaks=[
            await breaks.get_break(engine, break_id, now) for break_id in loaded.break_ids[:200]
        ],
        new_breaks=len(loaded.new_ids),
    )


@post(
    "/v1/reconciliation/registries/fetch",
    access=Access(
        API_KEY, SCOPE, operation=payments.reconciliation.fetch.OPERATION, body=FetchBody
    ),
)
async def fetch_registry(request: HttpRequest, clock: NamedDependency[Time]) -> Reply:
    """Fetch the registry of a UTC day from SuperPay."""
    body = await read_body(request, FetchBody)
    check_fetchable(body.date, clock.now())
    operation = payments.reconciliation.fetch.OPERATION
    return await submit(request, operation, FetchRegistry(day=body.date))


@get(
    "/v1/reconciliation/registries",
    access=Access(API_KEY, SCOPE, query=Page, answers={200: RunList}),
)
async def list_registries(
    request: HttpRequest, engine: NamedDependency[AsyncEngine]
) -> ASGIResponse:
    """Loaded registries, newest first."""
    query = read_query(request, Page)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(list_runs, engine),
        key=lambda run: (run.loaded_at, run.run_id),
    )
    return await list_reply(request, query, listing)


@get(
    "/v1/reconciliation/breaks",
    access=Access(API_KEY, SCOPE, query=BreaksQuery, answers={200: BreakList}),
)
async def list_breaks(
    request: HttpRequest, engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]
) -> ASGIResponse:
    """Breaks, newest first."""
    query = read_query(request, BreaksQuery)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(breaks.list_breaks, engine, query.filters(), clock.now()),
        key=lambda break_: (break_.opened_at, break_.break_id),
    )
    return await list_reply(request, query, listing)


@get(
    "/v1/reconciliation/callbacks",
    access=Access(API_KEY, SCOPE, query=CallbacksQuery, answers={200: CallbackList}),
)
async def list_inbox(request: HttpRequest, engine: NamedDependency[AsyncEngine]) -> ASGIResponse:
    """Received callbacks and their state."""
    query = read_query(request, CallbacksQuery)
    listing = Listing(
        cursor=tuple[datetime, UUID],
        read=partial(list_callbacks, engine, query.state),
        key=lambda callback: (callback.received_at, callback.callback_id),
    )
    return await list_reply(request, query, listing)


@get("/v1/reconciliation/summary", access=Access(API_KEY, SCOPE, answers={200: SummaryAnswer}))
async def summarize(engine: NamedDependency[AsyncEngine], clock: NamedDependency[Time]) -> Reply:
    """Unresolved breaks by kind and currency: number, money at risk, age of the oldest."""
    return json_reply({"items": await breaks.summary(engine, clock.now())})


@get(
    "/v1/reconciliation/breaks/{break_id:str}",
    access=Access(API_KEY, SCOPE, answers={200: BreakView}),
)
async def get_break(
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """A break: what each side says, the money at risk, its age."""
    return json_reply(await breaks.get_break(engine, parse_id(break_id), clock.now()))


@post(
    "/v1/reconciliation/breaks/{break_id:str}/assign",
    status_code=200,
    access=Access(API_KEY, SCOPE, body=AssignBody, answers={200: BreakView}),
)
async def assign_break(
    request: HttpRequest,
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Assign a break to an operator."""
    body = await read_body(request, AssignBody)
    await assign(
        engine, parse_id(break_id), body.assignee, by=actor_of(request).name, now=clock.now()
    )
    return json_reply(await breaks.get_break(engine, parse_id(break_id), clock.now()))


@post(
    "/v1/reconciliation/breaks/{break_id:str}/resolve",
    access=Access(
        API_KEY, SCOPE, operation=payments.breaks.resolve.OPERATION, body=BreakResolutionBody
    ),
)
async def resolve_break(
    request: HttpRequest,
    break_id: FromPath[str],
    engine: NamedDependency[AsyncEngine],
    clock: NamedDependency[Time],
) -> Reply:
    """Resolve a break with a reason, or with a posting that two different clients have sent."""
    body = await read_body(request, BreakResolutionBody)
    break_ = await breaks.get_break(engine, parse_id(break_id), clock.now())
    posting = None if body.ledger is None else _posting(body.ledger)
    intent = ResolveBreak(break_id=break_.break_id, reason=body.reason, posting=posting)
    wait_s = preferred_wait_s(request) or DECIDED_WITHIN_S
    return await submit(request, payments.breaks.resolve.OPERATION, intent, wait_s=wait_s)


def _posting(body: LedgerBody) -> Posting:
    money = money_in(body.amount, body.currency, "ledger.amount")
    return Posting(
        source=place_of(body.from_),
        destination=place_of(body.to),
        minor=money.minor,
        currency=money.currency,
    )


HANDLERS: Final = (
    upload_registry,
    fetch_registry,
    list_registries,
    list_breaks,
    list_inbox,
    summarize,
    get_break,
    assign_break,
    resolve_break,
)
