"""What outsiders and former processes have left, and nobody needs any more, goes."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from payments.callbacks.writes import prune
from scheduler.job import Tools
from streams.tables import stream_consumers

CONSUMERS_KEPT: Final = timedelta(days=1)
"""Each consumer that is killed leaves its name."""


async def run(tools: Tools) -> int:
    """How many rows went."""
    silent = stream_consumers.c.seen_at < sa.func.now() - CONSUMERS_KEPT
    async with tools.engine.begin() as connection:
        gone = await connection.execute(stream_consumers.delete().where(silent))
    return gone.rowcount + await prune(tools.engine, tools.clock())
