"""Keeping a statement whole: the bytes of its file, its lines, what is new of them.

Lines are copied into a table of the transaction; which are twins and which are known is worked out
there, for all of them at once.
"""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.ids import new_id
from payments.kernel.money import currency_of
from payments.kernel.rows import Faults
from payments.statements.amounts import told
from payments.statements.file import StatementFile
from payments.statements.identity import likeness_of, line_id
from payments.statements.line import InvalidStatement, Line
from payments.statements.statement import Statement
from payments.statements.status import LineState
from payments.statements.tables import (
    statement_accounts,
    statement_file_parts,
    statements,
)
from payments.statements.whole import pursue_gaps

_LOCK: Final = 7_203_102
_CHUNK: Final = 5000
_WITHIN_S: Final = 600
"""A statement about a million lines takes longer than the session allows others."""
_COLUMNS: Final = (
    *Line.__struct_fields__,
    "id", "account", "currency", "likeness", "twin", "statement_id", "state",
)  # fmt: skip
_NAMES: Final = ", ".join(_COLUMNS)
_CREATE: Final = (
    "CREATE TEMPORARY TABLE read_lines (LIKE statement_lines, place bigint) ON COMMIT DROP"
)
_TWINS: Final = """
    WITH RECURSIVE pages AS (
        SELECT id, continues FROM statements WHERE id = $1
        UNION ALL
        SELECT s.id, s.continues FROM statements AS s JOIN pages AS p ON s.id = p.continues
    ), before AS (
        SELECT l.likeness, max(l.twin) AS twin
          FROM pages AS p
          JOIN statement_parts AS m ON m.statement_id = p.id
          JOIN statement_lines AS l ON l.id = m.line_id
         GROUP BY l.likeness
    ), counted AS (
        SELECT r.place, coalesce(b.twin, 0)
               + row_number() OVER (PARTITION BY r.likeness ORDER BY r.place) AS twin
          FROM read_lines AS r
          LEFT JOIN before AS b USING (likeness)
    )
    UPDATE read_lines AS r SET twin = c.twin
      FROM counted AS c
     WHERE c.place = r.place AND c.twin > 1
"""
_NEXT_TWINS: Final = """
    SELECT place, likeness, twin
      FROM read_lines
     WHERE twin > 1 AND place > $1
     ORDER BY place
     LIMIT $2
"""
_NAME_TWINS: Final = """
    UPDATE read_lines AS r SET id = u.id
      FROM unnest($1::bigint[], $2::uuid[]) AS u (place, id)
     WHERE r.place = u.place
"""
_IS_NEW: Final = "NOT EXISTS (SELECT 1 FROM statement_lines AS l WHERE l.id = r.id)"
_ADD: Final = f"""
    WITH added AS (
        INSERT INTO statement_lines ({_NAMES})
        SELECT {_NAMES} FROM read_lines AS r WHERE {_IS_NEW} ORDER BY place
        RETURNING minor, fee_minor
    )
    SELECT count(*), coalesce(sum(minor - fee_minor), 0)::bigint FROM added
"""  # noqa: S608 - our own names
_COUNT_NEW: Final = f"SELECT count(*) FROM read_lines AS r WHERE {_IS_NEW}"  # noqa: S608
_ADD_PARTS: Final = """
    INSERT INTO statement_parts (statement_id, line_id)
    SELECT $1::uuid, id FROM read_lines ORDER BY id
"""


class Kept(msgspec.Struct, frozen=True):
    """The statement's id, and whether the same bytes were there before."""

    statement_id: UUID
    is_duplicate: bool


async def keep(
    engine: AsyncEngine,
    statement: Statement,
    file: StatementFile,
    format_: str,
    by: str,
    now: datetime,
) -> Kept:
    """Keep a file whole, in one transaction; two of an account wait for each other.

    Raises 422 `invalid_statement`.
    """
    digest = await asyncio.to_thread(file.digest)
    async with engine.begin() as connection:
        await _lock(connection, statement.account)
        known = await _find(connection, statement.account, digest)
        if known is not None:
            return Kept(known, is_duplicate=True)
        await _account(connection, statement, now)
        continues = await _page_before(connection, statement)
        session = await _session(connection)
        id_ = new_id()
        await _read_lines(session, statement, id_, continues)
        count, net = await session.fetchrow(_ADD, timeout=_WITHIN_S)
        await session.execute(_ADD_PARTS, id_, timeout=_WITHIN_S)
        values = {
            "id": id_,
            "format": format_,
            "digest": digest,
            "new_line_count": count,
            "new_net_minor": None if statement.opening_minor is not None else net,
            "continues": continues,
            "loaded_by": by,
            "loaded_at": now,
        }
        await connection.execute(statements.insert().values(**_totals(statement), **values))
        for place, part in enumerate(file.chunks()):
            row = {"statement_id": id_, "place": place, "bytes": part}
            await connection.execute(statement_file_parts.insert().values(row))
        await pursue_gaps(connection, statement.account, statement.currency, now)
    return Kept(id_, is_duplicate=False)


async def check(engine: AsyncEngine, statement: Statement) -> int:
    """What `keep` would refuse, and how many lines would be new. Raises 422."""
    async with engine.connect() as connection:
        await _check_currency(connection, statement)
        continues = await _page_before(connection, statement)
        session = await _session(connection)
        await _read_lines(session, statement, new_id(), continues)
        count: int = await session.fetchval(_COUNT_NEW, timeout=_WITHIN_S)
        await connection.rollback()
    return count


async def _session(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


async def _read_lines(
    session: Any, statement: Statement, id_: UUID, continues: UUID | None
) -> None:
    """Copy the lines into the table of this transaction, each under its id."""
    await session.execute(_CREATE)
    records = _records(statement, id_)
    while chunk := await asyncio.to_thread(_next, records):
        await session.copy_records_to_table(
            "read_lines", columns=(*_COLUMNS, "place"), records=chunk
        )
    await session.execute("CREATE INDEX ON read_lines (place)", timeout=_WITHIN_S)
    await session.execute("ANALYZE read_lines")
    await session.execute(_TWINS, continues, timeout=_WITHIN_S)
    last = -1
    while rows := await session.fetch(_NEXT_TWINS, last, _CHUNK):
        last = rows[-1]["place"]
        ids = [line_id(bytes(row["likeness"]), row["twin"]) for row in rows]
        await session.execute(_NAME_TWINS, [row["place"] for row in rows], ids)


def _next(records: Iterator[tuple[Any, ...]]) -> Sequence[tuple[Any, ...]]:
    return list(islice(records, _CHUNK))


def _records(statement: Statement, id_: UUID) -> Iterator[tuple[Any, ...]]:
    """The lines as rows; of twins each is the first yet."""
    account, currency, state = statement.account, statement.currency, LineState.NEW.value
    for place, line in enumerate(statement.lines):
        likeness = likeness_of(account, line)
        values = (v.value if isinstance(v, Enum) else v for v in msgspec.structs.astuple(line))
        first = line_id(likeness, 1)
        yield (*values, first, account, currency, likeness, 1, id_, state, place)


async def _lock(connection: AsyncConnection, account: str) -> None:
    key = int.from_bytes(hashlib.sha256(account.encode()).digest()[:3])
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK, key)))


async def _find(connection: AsyncConnection, account: str, digest: bytes) -> UUID | None:
    c = statements.c
    query = sa.select(c.id).where(c.account == account, c.digest == digest)
    found: UUID | None = (await connection.execute(query)).scalar_one_or_none()
    return found


async def _account(connection: AsyncConnection, statement: Statement, now: datetime) -> None:
    row = {"account": statement.account, "currency": statement.currency, "created_at": now}
    await connection.execute(insert(statement_accounts).values(row).on_conflict_do_nothing())
    await _check_currency(connection, statement)


async def _check_currency(connection: AsyncConnection, statement: Statement) -> None:
    c = statement_accounts.c
    query = sa.select(c.currency).where(c.account == statement.account)
    currency = (await connection.execute(query)).scalar_one_or_none()
    if currency not in {None, statement.currency}:
        faults = Faults()
        faults.add(0, "currency", statement.currency, f"{currency}, which the account has")
        faults.raise_as(InvalidStatement)


async def _page_before(connection: AsyncConnection, statement: Statement) -> UUID | None:
    """The statement whose last page comes before the first one of this: twins count on from it.

    Raises 422 when this is a page that follows one that is not there yet.
    """
    if statement.opening_minor is None:
        return None
    c = statements.c
    same_day = sa.and_(c.account == statement.account, c.ends == statement.begins)
    query = sa.select(c.id).where(same_day, c.closing_minor == statement.opening_minor)
    if not statement.is_continued:
        # Without a mark for it: it begins in the middle of a day that is known.
        of_the_day = sa.and_(c.account == statement.account, c.begins == statement.begins)
        begins = sa.select(c.opening_minor).where(of_the_day)
        query = query.where(sa.literal(statement.opening_minor).not_in(begins), of_the_day)
    query = query.order_by(c.loaded_at.desc()).limit(1)
    found: UUID | None = (await connection.execute(query)).scalar_one_or_none()
    if found is None and statement.is_continued:
        faults = Faults()
        amount = told(statement.opening_minor, currency_of(statement.currency))
        expected = f"the page before it first, which ends on {statement.begins} with {amount}"
        faults.add(0, "page", "a page that continues another", expected)
        faults.raise_as(InvalidStatement)
    return found


def _totals(statement: Statement) -> dict[str, Any]:
    return {
        "account": statement.account,
        "currency": statement.currency,
        "begins": statement.begins,
        "ends": statement.ends,
        "opening_minor": statement.opening_minor,
        "closing_minor": statement.closing_minor,
        "received_minor": statement.received_minor,
        "sent_minor": statement.sent_minor,
        "fee_minor": statement.fee_minor,
        "line_count": len(statement.lines),
        "pending_count": statement.pending,
        "final_until": statement.final_until,
    }
