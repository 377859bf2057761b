"""Makes the partitions of the next months of events, and deletes months that are kept no longer."""

import msgspec

from payments.events.writes import keep_months
from scheduler.job import Tools


class EventsKept(msgspec.Struct, frozen=True):
    """How many days events are kept; 0: for ever."""

    days: int = 0


async def run(tools: Tools) -> int:
    """Returns how many months were deleted."""
    return await keep_months(tools.engine, tools.tool(EventsKept).days, tools.clock())
