"""Makes the partitions of the next months of events, and deletes months that are kept no longer."""

import msgspec

from payments.endpoints.queries import spread_through
from payments.events.writes import keep_months
from scheduler.job import Tools


class EventsKept(msgspec.Struct, frozen=True):
    """How many days events are kept; 0: for ever."""

    days: int = 0


async def run(tools: Tools) -> int:
    """Returns how many months were deleted; what webhooks have not been made of stays."""
    through = await spread_through(tools.engine)
    days = tools.tool(EventsKept).days
    return await keep_months(tools.engine, days, tools.clock(), through=through)
