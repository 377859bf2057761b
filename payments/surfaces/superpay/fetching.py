"""The executor gets a registry and loads it.

Whatever it shows of payouts that are not ended is asked about.
"""

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
from payments.reconciliation.writes import Loaded, load
from payments.surfaces.superpay.client import SuperPayClient
from payments.surfaces.superpay.hints import extra_check
from payments.surfaces.superpay.settlement_file import BadRegistry, read_json

_log = structlog.get_logger(__name__)


class FetchBody(msgspec.Struct, frozen=True, kw_only=True):
    """The day whose registry is wanted, and who wants it."""

    day: date
    by: str


async def fetch_registry(body: FetchBody, context: EffectContext) -> None:
    """Fetch and load. Raises when SuperPay does not give it: then it is tried again."""
    page = await context.tool(SuperPayClient).registry(body.day.isoformat())
    if page.status != HTTPStatus.OK:
        raise Unavailable(f"the registry of {body.day} was answered with {page.status}")
    try:
        registry = read_json(page.body)
    except BadRegistry as error:
        _log.exception("registry_unreadable", error=error.detail)
        raise
    if registry.day != body.day:
        raise BadRegistry(f"asked for {body.day}, got {registry.day}")
    engine = context.tool(AsyncEngine)
    loaded = await load(engine, registry, source="fetched", by=body.by, now=utc_now())
    await follow_up(context.tool(Submitter), loaded)


async def follow_up(submitter: Submitter, loaded: Loaded) -> None:
    """Say what was found, and ask about payouts the registry knows more of than we do."""
    if loaded.new_ids:
        _log.error("registry_breaks", count=len(loaded.new_ids))
    for one in loaded.ask:
        if one.kind == "payout":
            await submitter(extra_check(one.id, utc_now()))


HANDLERS: Final[tuple[EffectHandler[Any], ...]] = (
    EffectHandler(kind=FETCH_EFFECT, body=FetchBody, run=fetch_registry),
)
