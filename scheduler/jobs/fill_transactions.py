"""Adds transactions of operations that a consumer of 0.1.0 has applied."""

from payments.transactions.writes import fill_transactions
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """Returns how many transactions were added."""
    return await fill_transactions(tools.engine, tools.clock())
