"""Deletes old rows of `job_runs`."""

from typing import Final

from scheduler import runs
from scheduler.job import Tools

KEEP_DAYS: Final = 2


async def run(tools: Tools) -> int:
    """Returns how many were deleted."""
    return await runs.prune(tools.engine, tools.clock(), KEEP_DAYS)
