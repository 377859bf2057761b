"""Checks due payouts: sends, queries or resends them."""

from payments.payouts.due import due_checks
from payments.provider.schedule import Schedule
from scheduler.job import Tools
from scheduler.jobs.submitting import submit_all


async def run(tools: Tools) -> int:
    """Returns how many checks were submitted."""
    due = await due_checks(tools.engine, tools.tool(Schedule), tools.clock())
    return await submit_all(tools, due)
