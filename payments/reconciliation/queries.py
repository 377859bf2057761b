"""Reads of registries that were loaded."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.reconciliation.tables import registry_runs


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A registry that was compared; `breaks` it showed, `new_breaks` not known before."""

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


async def has_closed_run(engine: AsyncEngine, provider: str, day: date) -> bool:
    """True when that day's final registry has been loaded."""
    c = registry_runs.c
    query = sa.select(c.id).where(c.provider == provider, c.date == day, c.is_closed).limit(1)
    async with engine.connect() as connection:
        return (await connection.execute(query)).first() is not None


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
