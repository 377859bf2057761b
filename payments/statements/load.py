"""Importing a file: read whole, kept, its lines booked, what differs followed."""

import asyncio
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operations.submit import Submitter
from payments.statements.booking import Progress, book_lines, unheard
from payments.statements.claiming import settle_files
from payments.statements.file import StatementFile, as_file
from payments.statements.read import AUTO, format_of, read_statement
from payments.statements.statement import Statement
from payments.statements.writes import check, follow_missing, keep, tidy_counts


class Imported(msgspec.Struct, frozen=True):
    """What an import made of a file."""

    statement_id: UUID
    is_duplicate: bool


async def read_file(file: StatementFile, format_: str, account: str) -> Statement:
    """The statement in the file, read beside the event loop. Raises 422."""
    return await asyncio.to_thread(read_statement, file, format_, account)


async def dry_run(
    engine: AsyncEngine, raw: bytes | StatementFile, format_: str, account: str
) -> tuple[Statement, int]:
    """Everything but keeping it; also how many lines would be new. Raises 422."""
    statement = await read_file(as_file(raw), format_, account)
    return statement, await check(engine, statement)


async def load_file(
    engine: AsyncEngine,
    submitter: Submitter,
    raw: bytes | StatementFile,
    *,
    format_: str,
    account: str,
    by: str,
    now: datetime,
    wait_s: float,
    progress: Progress = unheard,
) -> Imported:
    """Keep the file and book its lines; `wait_s` for each round of them.

    What is kept and not booked when this ends, a job books. Raises 422 `invalid_statement`.
    """
    file = as_file(raw)
    statement = await read_file(file, format_, account)
    count = len(statement.lines)
    progress("read", count)
    word = format_of(file) if format_ == AUTO else format_
    kept = await keep(engine, statement, file, word, by, now)
    del statement  # a large one has a file of its own
    progress("kept", count)
    for _ in range(2):  # lines that take others back come after those
        await book_lines(
            engine,
            submitter,
            statement_id=kept.statement_id,
            wait_s=wait_s,
            progress=progress,
        )
    await settle_files(engine, submitter, now, wait_s)
    await follow_missing(engine, kept.statement_id, now)
    await tidy_counts(engine, kept.statement_id)
    return Imported(kept.statement_id, kept.is_duplicate)
