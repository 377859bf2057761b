"""Reads of loaded registries."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deposits.tables import deposits
from payments.kernel.clock import rfc3339
from payments.payouts.tables import payouts
from payments.reconciliation.tables import registry_runs

FETCHED: Final = "fetched"
CLOSES_AFTER: Final = timedelta(days=1, hours=2)
"""A day's registry is final this long after the start of the day (specification §14)."""
KEPT_DAYS: Final = 400
"""The provider serves registries for this many days (specification §14)."""


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A compared registry; `breaks`: all it shows; `new_breaks`: those not known before."""

    run_id: UUID
    provider: str
    date: str
    source: str
    closed: bool
    lines: int
    matched: int
    breaks: int
    new_breaks: int
    loaded_by: str
    loaded_at: str


async def list_runs(
    engine: AsyncEngine, before: tuple[datetime, UUID] | None, limit: int
) -> list[RunView]:
    """Newest first."""
    c = registry_runs.c
    columns = [column for column in c if column.name not in {"raw", "digest"}]
    query = sa.select(*columns)
    if before is not None:
        query = query.where(sa.tuple_(c.loaded_at, c.id) < before)
    query = query.order_by(c.loaded_at.desc(), c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        return [_view(row) for row in await connection.execute(query)]


async def days_to_fetch(engine: AsyncEngine, provider: str, now: datetime) -> list[date]:
    """Days whose final registry should exist by now and was not fetched, oldest first.

    Starts with the day of our first request, limited to what the provider still serves. Uploaded
    files do not count: an operator's upload never stops a fetch.
    """
    last = (now - CLOSES_AFTER).date()
    c = registry_runs.c
    fetched = (
        sa.select(c.date)
        .where(
            c.provider == provider,
            c.is_closed,
            c.source == FETCHED,
            c.date > last - timedelta(days=KEPT_DAYS),
        )
        .distinct()
    )
    begun = sa.select(
        sa.func.least(
            sa.select(sa.func.min(payouts.c.created_at)).scalar_subquery(),
            sa.select(sa.func.min(deposits.c.created_at)).scalar_subquery(),
        )
    )
    async with engine.connect() as connection:
        fetched_days = set((await connection.execute(fetched)).scalars())
        begun_at: datetime | None = (await connection.execute(begun)).scalar()
    if begun_at is None:
        return []
    earliest = max(begun_at.astimezone(UTC).date(), last - timedelta(days=KEPT_DAYS - 1))
    days = (earliest + timedelta(days=n) for n in range((last - earliest).days + 1))
    return [day for day in days if day not in fetched_days]


def _view(row: sa.Row[Any]) -> RunView:
    return RunView(
        run_id=row.id,
        provider=row.provider,
        date=row.date.isoformat(),
        source=row.source,
        closed=row.is_closed,
        lines=row.line_count,
        matched=row.matched_count,
        breaks=row.break_count,
        new_breaks=row.new_break_count,
        loaded_by=row.loaded_by,
        loaded_at=rfc3339(row.loaded_at),
    )
