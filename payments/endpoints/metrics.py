"""What is measured of outgoing webhooks."""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from prometheus_client import Counter, Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.endpoints.tables import webhook_deliveries, webhook_endpoints

ATTEMPTS: Final = Counter("payments_webhook_attempts_total", "Attempts to deliver", ["outcome"])
OLDEST: Final = Gauge(
    "payments_webhook_oldest_undelivered_seconds", "Age of the oldest event not delivered yet"
)
DISABLED: Final = Gauge(
    "payments_webhook_endpoints_disabled", "Endpoints disabled because they failed or are gone"
)


async def look(engine: AsyncEngine, now: datetime) -> None:
    """Set the gauges."""
    d, e = webhook_deliveries.c, webhook_endpoints.c
    oldest = (
        sa.select(sa.func.min(d.created_at))
        .join(webhook_endpoints, e.id == d.endpoint_id)
        .where(e.is_enabled, d.next_attempt_at.is_not(None))
    )
    disabled = sa.select(sa.func.count()).where(e.disabled_reason.in_(("gone", "failing")))
    async with engine.connect() as connection:
        since = (await connection.execute(oldest)).scalar_one()
        OLDEST.set(0 if since is None else (now - since).total_seconds())
        DISABLED.set((await connection.execute(disabled)).scalar_one())
