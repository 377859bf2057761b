"""Stores refused webhooks and keeps the newest of each surface and kind.

The limit applies per kind, so that a flood of bad signatures does not push out other refusals.
"""

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.webhooks.queries import TurnedAway
from payments.webhooks.tables import turned_away_webhooks

KEPT: Final = 10_000
"""Webhooks kept per surface and kind."""
_TRIM_EVERY: Final = 100

_columns: Final = turned_away_webhooks.c


async def write_down(engine: AsyncEngine, webhook: TurnedAway, kept: int = KEPT) -> None:
    """Store the webhook; from time to time delete the oldest beyond `kept`."""
    row = msgspec.structs.asdict(webhook)
    async with engine.begin() as connection:
        made = await connection.execute(
            turned_away_webhooks.insert().values(row).returning(_columns.id)
        )
        if made.scalar_one() % min(_TRIM_EVERY, kept) == 0:
            alike = (_columns.surface == webhook.surface) & (_columns.kind == webhook.kind)
            same = sa.select(_columns.id).where(alike)
            last = same.order_by(_columns.id.desc()).offset(kept).limit(1).scalar_subquery()
            old = alike & (_columns.id <= last)
            await connection.execute(turned_away_webhooks.delete().where(old))
