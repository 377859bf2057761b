"""Deletes callbacks that are no longer needed."""

from payments.callbacks.writes import prune
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """Returns how many rows were deleted."""
    return await prune(tools.engine, tools.clock())
