"""Webhooks that were turned away, on record: kind, digest and time, the newest of each kind.

Bounded by kind: a flood of bad signatures cannot wash away what a genuine sender was refused.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills.tables import turned_away_webhooks

KEPT: Final = 10_000
"""Of each kind."""
_TRIM_EVERY: Final = 100

_columns: Final = turned_away_webhooks.c


class TurnedAway(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook that changed nothing. `digest`: SHA-256 of the body, `transaction_id`: its word."""

    kind: str
    digest: bytes
    transaction_id: int
    turned_away_at: datetime


class TurnedAwayView(TurnedAway, frozen=True, kw_only=True):
    """One on record."""

    id: int


async def write_down(engine: AsyncEngine, webhook: TurnedAway, kept: int = KEPT) -> None:
    """Keep it, and now and then forget the oldest beyond `kept`."""
    row = msgspec.structs.asdict(webhook)
    async with engine.begin() as connection:
        made = await connection.execute(
            turned_away_webhooks.insert().values(row).returning(_columns.id)
        )
        if made.scalar_one() % min(_TRIM_EVERY, kept) == 0:
            same = sa.select(_columns.id).where(_columns.kind == webhook.kind)
            last = same.order_by(_columns.id.desc()).offset(kept).limit(1).scalar_subquery()
            old = (_columns.kind == webhook.kind) & (_columns.id <= last)
            await connection.execute(turned_away_webhooks.delete().where(old))


async def list_turned_away(
    engine: AsyncEngine, kind: str | None, before: int | None, count: int
) -> Sequence[TurnedAwayView]:
    """Those on record, newest first, of one kind if given."""
    query = sa.select(turned_away_webhooks).order_by(_columns.id.desc()).limit(count)
    if kind is not None:
        query = query.where(_columns.kind == kind)
    if before is not None:
        query = query.where(_columns.id < before)
    async with engine.connect() as connection:
        return [TurnedAwayView(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001
