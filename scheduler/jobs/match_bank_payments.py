"""Moves money in suspense to its organization once that exists."""

from payments.bankpayments.matching import submit_matches
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """Returns how many matches were submitted; a repeated one is the same operation."""
    return await submit_matches(tools.engine, tools.submitter)
