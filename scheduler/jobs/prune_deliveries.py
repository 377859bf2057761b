"""Deletes deliveries of webhooks that are over and older than is kept."""

from datetime import timedelta
from typing import Final

import msgspec

from payments.deliveries.writes import prune
from scheduler.job import Tools

_AT_ONCE: Final = 5000


class DeliveriesKept(msgspec.Struct, frozen=True):
    """How many days deliveries are kept; 0: for ever."""

    days: int = 30


async def run(tools: Tools) -> int:
    """Returns how many deliveries were deleted."""
    days, now = tools.tool(DeliveriesKept).days, tools.clock()
    return await prune(tools.engine, now - timedelta(days=days), now, _AT_ONCE) if days else 0
