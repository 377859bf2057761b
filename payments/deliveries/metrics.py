"""What is measured of outgoing webhooks."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.tables import webhook_endpoints
from payments.kernel.sql import load_sql

ATTEMPTS: Final = Counter("payments_webhook_attempts_total", "Attempts to deliver", ["outcome"])
OLDEST: Final = Gauge(
    "payments_webhook_oldest_undelivered_seconds", "Age of the oldest event not delivered yet"
)
DISABLED: Final = Gauge(
    "payments_webhook_endpoints_disabled", "Endpoints disabled because they failed or are gone"
)
_OLDEST_AT: Final = load_sql(__file__, "oldest_undelivered")


async def look(engine: AsyncEngine, now: datetime) -> None:
    """Set the gauges."""
    gone = webhook_endpoints.c.disabled_reason.in_(("gone", "failing"))
    disabled = sa.select(sa.func.count()).where(gone)
    async with engine.connect() as connection:
        since = (await connection.exec_driver_sql(_OLDEST_AT)).scalar_one()
        OLDEST.set(0 if since is None else (now - since).total_seconds())
        DISABLED.set((await connection.execute(disabled)).scalar_one())
