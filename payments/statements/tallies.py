"""How many lines of a statement are in which state: added up from the changes (ADR 0188).

Triggers write a change where a line or a break changes; nothing is counted when somebody asks.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.sql import load_sql
from payments.statements.status import LineState
from payments.statements.tables import statement_tallies

BREAK: Final = "break"
_LOCK: Final = 7_203_103
"""As in migration 0190: changes hold it together, whoever counts lines holds it alone."""
_TIDY: Final = load_sql(__file__, "tidy_tallies")
_ALL_NEW: Final = "INSERT INTO statement_tallies (statement_id, word, delta) VALUES ($1, $2, $3)"
_BEGIN: Final = load_sql(__file__, "begin_tallies")


async def tallies_of(
    connection: AsyncConnection, ids: Sequence[UUID]
) -> Mapping[UUID, Mapping[str, int]]:
    """Lines by their state, and open breaks of lines, of each statement."""
    c = statement_tallies.c
    query = sa.select(c.statement_id, c.word, sa.cast(sa.func.sum(c.delta), sa.BigInteger))
    query = query.where(c.statement_id.in_(ids)).group_by(c.statement_id, c.word)
    found: dict[UUID, dict[str, int]] = {}
    for id_, word, count in await connection.execute(query):
        found.setdefault(id_, {})[word] = count
    return found


async def begin_tallies(
    session: Any, id_: UUID, lines: int, new_lines: int, within_s: float
) -> None:
    """Count the lines of a statement that was just added. Lines that an earlier statement had
    have states already, and nobody changes one from the lock on until this transaction ends.
    """
    if lines == new_lines:
        await session.execute(_ALL_NEW, id_, LineState.NEW.value, lines)
        return
    await session.execute("SELECT pg_advisory_xact_lock($1)", _LOCK, timeout=within_s)
    await session.execute(_BEGIN, id_, timeout=within_s)


async def tidy(connection: AsyncConnection, id_: UUID) -> None:
    """Add up a statement's changes so far: an import writes some for each batch of lines."""
    await connection.exec_driver_sql(_TIDY, (id_,))
