"""The alarm for missing registries: a day without one was not compared."""

from typing import Final

import structlog
from prometheus_client import Gauge

from payments.kernel.strict import day_bounds
from payments.provider.tables import SUPERPAY
from payments.reconciliation.queries import days_to_fetch
from scheduler.job import Tools

MISSING: Final = Gauge(
    "payments_registries_missing", "Days whose final registry was not fetched", ["provider"]
)
OLDEST_S: Final = Gauge(
    "payments_registries_missing_oldest_seconds",
    "Since the oldest of these days ended; 0: none is missing",
    ["provider"],
)
_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns how many are missing; `POST /v1/reconciliation/registries/fetch`
    fetches one by hand.
    """
    now = tools.clock()
    days = await days_to_fetch(tools.engine, SUPERPAY, now)
    MISSING.labels(SUPERPAY).set(len(days))
    oldest_s = (now - day_bounds(days[0])[1]).total_seconds() if days else 0
    OLDEST_S.labels(SUPERPAY).set(oldest_s)
    if days:
        _log.error("registries_missing", count=len(days), oldest=days[0].isoformat())
    return len(days)
