"""Keeping a statement: the file, its lines, what is new of them, gaps. Moves no money."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
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
from payments.statements.line import InvalidStatement
from payments.statements.staging import add_new, add_parts, copy_lines, count_new, learn
from payments.statements.statement import Statement
from payments.statements.tables import (
    statement_accounts,
    statement_file_parts,
    statements,
)
from payments.statements.tallies import tidy
from payments.statements.unsettled import Unsettled, pursue_unsettled
from payments.statements.whole import pursue_gaps, pursue_missing

_LOCK: Final = 7_203_102


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
        await copy_lines(session, statement, id_, continues)
        count, net = await add_new(session)
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
        await learn(session, count)
        await add_parts(session, id_, count)
    return Kept(id_, is_duplicate=False)


async def check(engine: AsyncEngine, statement: Statement) -> int:
    """What `keep` would refuse, and how many lines would be new. Raises 422."""
    async with engine.connect() as connection:
        await _check_currency(connection, statement)
        continues = await _page_before(connection, statement)
        session = await _session(connection)
        await copy_lines(session, statement, new_id(), continues)
        count = await count_new(session)
        await connection.rollback()
    return count


async def _session(connection: AsyncConnection) -> Any:
    return (await connection.get_raw_connection()).driver_connection


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


async def follow_missing(engine: AsyncEngine, statement_id: UUID, now: datetime) -> int:
    """Breaks for webhook payments that this statement should have; gives how many are open."""
    async with engine.begin() as connection:
        return await pursue_missing(connection, statement_id, now)


async def tidy_counts(engine: AsyncEngine, statement_id: UUID) -> None:
    """The end of an import: its lines are counted in one row for each state."""
    async with engine.begin() as connection:
        await tidy(connection, statement_id)


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
