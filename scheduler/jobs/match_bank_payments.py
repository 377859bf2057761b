"""Money in suspense goes to its organization, once there is one."""

from payments.bankpayments.matching import submit_matches
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """How many matches were asked for; one that is asked for twice is one operation."""
    return await submit_matches(tools.engine, tools.submitter)
