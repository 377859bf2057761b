"""Deletes callbacks and consumer names that are no longer needed."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from payments.callbacks.writes import prune
from scheduler.job import Tools
from streams.tables import stream_consumers

CONSUMERS_KEPT: Final = timedelta(days=1)
"""Each killed consumer leaves its name."""


async def run(tools: Tools) -> int:
    """Returns how many rows were deleted."""
    silent = stream_consumers.c.seen_at < sa.func.now() - CONSUMERS_KEPT
    async with tools.engine.begin() as connection:
        deleted = await connection.execute(stream_consumers.delete().where(silent))
    return deleted.rowcount + await prune(tools.engine, tools.clock())
