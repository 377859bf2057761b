"""Finishes imports that were cut short, and claims what settlement files and their payers say."""

from payments.statements.booking import book_lines
from payments.statements.claiming import settle_files
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """How many lines and claims were sent; one that is sent twice is one operation."""
    booked = await book_lines(tools.engine, tools.submitter)
    return booked + await settle_files(tools.engine, tools.submitter, tools.clock())
