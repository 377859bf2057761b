"""Keeping a statement: the file, its lines, what is new of them, gaps. Moves no money."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.kernel.ids import new_id
from payments.kernel.money import currency_of
from payments.kernel.rows import Faults
from payments.statements.amounts import told
from payments.statements.identity import Identified, identified
from payments.statements.line import InvalidStatement, Statement
from payments.statements.status import LineState
from payments.statements.tables import (
    statement_accounts,
    statement_lines,
    statement_parts,
    statements,
)
from payments.statements.unsettled import Unsettled, pursue_unsettled
from payments.statements.whole import pursue_gaps, pursue_missing

_LOCK: Final = 7_203_102
_CHUNK: Final = 5000
_ANCESTORS: Final = sa.text(
    """
    WITH RECURSIVE pages AS (
        SELECT id, continues FROM statements WHERE id = :id
        UNION ALL
        SELECT s.id, s.continues FROM statements AS s JOIN pages AS p ON s.id = p.continues
    )
    SELECT l.likeness, max(l.twin)
      FROM pages AS p
      JOIN statement_parts AS m ON m.statement_id = p.id
      JOIN statement_lines AS l ON l.id = m.line_id
     GROUP BY l.likeness
    """
)


class Kept(msgspec.Struct, frozen=True):
    """The statement's id, and whether the same bytes were there before."""

    statement_id: UUID
    is_duplicate: bool


async def keep(
    engine: AsyncEngine, statement: Statement, raw: bytes, format_: str, by: str, now: datetime
) -> Kept:
    """Keep a file whole, in one transaction; two of an account wait for each other.

    Raises 422 `invalid_statement`.
    """
    digest = hashlib.sha256(raw).digest()
    async with engine.begin() as connection:
        await _lock(connection, statement.account)
        known = await _find(connection, statement.account, digest)
        if known is not None:
            return Kept(known, is_duplicate=True)
        await _account(connection, statement, now)
        continues = await _page_before(connection, statement)
        before = await _twins(connection, continues)
        lines = identified(statement.account, statement.lines, before)
        known_ids = await _known(connection, [one.id for one in lines])
        new = [one for one in lines if one.id not in known_ids]
        id_ = new_id()
        values = {
            "id": id_,
            "format": format_,
            "digest": digest,
            "raw": raw,
            "new_line_count": len(new),
            "new_net_minor": _net(statement, new),
            "continues": continues,
            "loaded_by": by,
            "loaded_at": now,
        }
        await connection.execute(statements.insert().values(**_totals(statement), **values))
        await _add(connection, statement_lines, (_row(one, id_, statement) for one in new))
        parts = ({"statement_id": id_, "line_id": one.id} for one in lines)
        await _add(connection, statement_parts, parts)
        await pursue_gaps(connection, statement.account, statement.currency, now)
    return Kept(id_, is_duplicate=False)


async def check(engine: AsyncEngine, statement: Statement) -> int:
    """What `keep` would refuse, and how many lines would be new. Raises 422."""
    async with engine.connect() as connection:
        await _check_currency(connection, statement)
        continues = await _page_before(connection, statement)
        before = await _twins(connection, continues)
        lines = identified(statement.account, statement.lines, before)
        return len(lines) - len(await _known(connection, [one.id for one in lines]))


async def follow_missing(engine: AsyncEngine, statement_id: UUID, now: datetime) -> int:
    """Breaks for webhook payments that this statement should have; gives how many are open."""
    async with engine.begin() as connection:
        return await pursue_missing(connection, statement_id, now)


async def follow_unsettled(
    engine: AsyncEngine, accounts: Sequence[Unsettled], now: datetime
) -> None:
    """Breaks for settlement files that the bank has not paid, or paid with another sum."""
    async with engine.begin() as connection:
        await pursue_unsettled(connection, accounts, now)


async def change_account(engine: AsyncEngine, account: str, values: Mapping[str, Any]) -> None:
    """Change who pays out an account's files, the drift, or when its statements are late."""
    if not values:
        return
    change = statement_accounts.update().where(statement_accounts.c.account == account)
    async with engine.begin() as connection:
        await connection.execute(change.values(**values))


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


async def _twins(connection: AsyncConnection, continues: UUID | None) -> Mapping[bytes, int]:
    if continues is None:
        return {}
    rows = await connection.execute(_ANCESTORS, {"id": continues})
    return {bytes(row[0]): row[1] for row in rows}


async def _known(connection: AsyncConnection, ids: Sequence[UUID]) -> set[UUID]:
    known: set[UUID] = set()
    for first in range(0, len(ids), _CHUNK):
        some = sa.literal(ids[first : first + _CHUNK], ARRAY(sa.Uuid))
        query = sa.select(statement_lines.c.id).where(statement_lines.c.id == sa.any_(some))
        known.update((await connection.execute(query)).scalars())
    return known


async def _add(
    connection: AsyncConnection, table: sa.Table, rows: Iterable[Mapping[str, Any]]
) -> None:
    """Write new rows by COPY, a chunk at a time."""
    session: Any = (await connection.get_raw_connection()).driver_connection
    left = iter(rows)
    while chunk := list(islice(left, _CHUNK)):
        await session.copy_records_to_table(
            table.name, columns=list(chunk[0]), records=[tuple(row.values()) for row in chunk]
        )


def _net(statement: Statement, new: Sequence[Identified]) -> int | None:
    """What a settlement file's new lines come to, less their fees."""
    if statement.opening_minor is not None:
        return None
    return sum(one.line.minor - one.line.fee_minor for one in new)


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


def _row(one: Identified, statement_id: UUID, statement: Statement) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(one.line),
        "kind": one.line.kind.value,
        "id": one.id,
        "account": statement.account,
        "currency": statement.currency,
        "likeness": one.likeness,
        "twin": one.twin,
        "statement_id": statement_id,
        "state": LineState.NEW.value,
    }
