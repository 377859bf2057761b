"""The executor fetches a registry and loads it; unfinished payouts in it are queried."""

import asyncio
import base64
import hashlib
from datetime import date
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import utc_now
from payments.kernel.errors import Unavailable
from payments.operations.effects import EffectContext, EffectHandler
from payments.operations.submit import Submitter
from payments.reconciliation.fetch import FETCH_EFFECT
from payments.reconciliation.queries import FETCHED
from payments.reconciliation.writes import Loaded, load
from payments.statements.settlement_day import Registry
from payments.statements.settlement_file import BadRegistry, check_headers, read_json
from payments.surfaces.superpay.client import SuperPayClient
from payments.surfaces.superpay.subjects import Subject, extra_check

_log = structlog.get_logger(__name__)


class FetchBody(msgspec.Struct, frozen=True, kw_only=True):
    """The day of the registry, and who requested it."""

    day: date
    by: str


async def fetch_registry(body: FetchBody, context: EffectContext) -> None:
    """Fetch and load a registry. Raises when SuperPay does not serve it; it is then retried."""
    try:
        registry = await fetched(context.tool(SuperPayClient), body.day)
    except BadRegistry as error:
        _log.exception("registry_unreadable", day=body.day.isoformat(), error=error.detail)
        raise
    engine = context.tool(AsyncEngine)
    loaded = await load(engine, registry, source=FETCHED, by=body.by, now=utc_now())
    await follow_up(context.tool(Submitter), loaded)


async def fetched(client: SuperPayClient, day: date) -> Registry:
    """The registry of a day; the headers must agree with the file.

    Raises `Unavailable`, 422 `invalid_registry`, httpx.HTTPError.
    """
    page = await client.registry(day.isoformat())
    if page.status != HTTPStatus.OK:
        raise Unavailable(f"the registry of {day} was answered with {page.status}")
    registry = await asyncio.to_thread(read_json, page.body, day)
    digest = base64.b64encode(hashlib.sha256(page.body).digest()).decode()
    check_headers(registry, page.headers, digest)
    return registry


async def follow_up(submitter: Submitter, loaded: Loaded) -> None:
    """Log new breaks, and query transactions of which the registry knows more than we do."""
    if loaded.new_ids:
        _log.error("registry_breaks", count=len(loaded.new_ids))
    for ours in loaded.ask:
        await submitter(extra_check(Subject(ours.kind, ours.id), utc_now()))


HANDLERS: Final[tuple[EffectHandler[Any], ...]] = (
    EffectHandler(kind=FETCH_EFFECT, body=FetchBody, run=fetch_registry, is_asking=True),
)
