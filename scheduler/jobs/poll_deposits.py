"""Deposits that are due: their page is asked for again, or what became of them."""

from payments.deposits.due import due_checks
from payments.provider.schedule import Schedule
from scheduler.job import Tools
from scheduler.jobs.submitting import submit_all


async def run(tools: Tools) -> int:
    """How many checks were asked for."""
    due = await due_checks(tools.engine, tools.tool(Schedule), tools.clock())
    return await submit_all(tools, due)
