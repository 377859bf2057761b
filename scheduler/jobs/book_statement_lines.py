"""Lines of statements that are kept and not booked: an import that was cut short is finished."""

from payments.statements.booking import book_lines
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """How many lines were sent; one that is sent twice is one operation."""
    return await book_lines(tools.engine, tools.submitter)
