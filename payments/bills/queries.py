"""Reads of bills and their transactions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bills.tables import (
    Bill,
    BillTransaction,
    bill_account,
    bill_transactions,
    bills,
)
from payments.ledger.tables import accounts


class BillView(msgspec.Struct, frozen=True, kw_only=True):
    """A bill and its balance."""

    id: int
    user_id: int
    currency: str
    created_at: datetime
    balance: int


BillKey = tuple[datetime, int]
"""Position of a bill in a list: time of creation and id."""

# Only operations create bills, each with its account in the same transaction.
_SELECT = sa.select(
    *(bills.c[name] for name in Bill.__struct_fields__),
    (accounts.c.credits_posted - accounts.c.debits_posted).label("balance"),
).join(accounts, accounts.c.id == bills.c.id + sa.literal(bill_account(0), sa.BigInteger))


async def list_bills(
    engine: AsyncEngine, user_id: int, before: BillKey | None, count: int
) -> Sequence[BillView]:
    """The bills of a user, newest first."""
    query = _SELECT.where(bills.c.user_id == user_id).limit(count)
    query = query.order_by(bills.c.created_at.desc(), bills.c.id.desc())
    if before is not None:
        query = query.where(sa.tuple_(bills.c.created_at, bills.c.id) < before)
    async with engine.connect() as connection:
        return [BillView(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001


async def bills_of(
    engine: AsyncEngine, user_ids: Sequence[int], most: int
) -> Mapping[int, Sequence[BillView]]:
    """The newest bills of several users, at most `most` of each."""
    ids = sa.cast(list(user_ids), sa.ARRAY(sa.BigInteger))
    selected = sa.func.unnest(ids).table_valued(sa.column("id", sa.BigInteger), name="wanted")
    selected = selected.render_derived()
    newest = (
        _SELECT.where(bills.c.user_id == selected.c.id)
        .order_by(bills.c.created_at.desc(), bills.c.id.desc())
        .limit(most)
        .lateral("newest")
    )
    query = sa.select(newest).select_from(selected.join(newest, sa.true()))
    bills_by_user: dict[int, list[BillView]] = {user_id: [] for user_id in user_ids}
    async with engine.connect() as connection:
        for row in await connection.execute(query):
            bills_by_user[row.user_id].append(BillView(**row._mapping))  # noqa: SLF001
    return bills_by_user


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """A top-up or a purchase."""

    id: int
    operation_id: UUID
    user_id: int
    bill_id: int
    kind: str
    minor: int
    balance: int
    currency: str
    transaction_id: int | None
    product_id: int | None
    title: str | None
    created_at: datetime


async def list_transactions(
    engine: AsyncEngine, user_id: int, bill_id: int | None, before: int | None, count: int
) -> Sequence[TransactionView]:
    """Transactions of a user's bills (or of one bill), newest first."""
    columns = (bill_transactions.c[name] for name in BillTransaction.__struct_fields__)
    query = sa.select(*columns).where(bill_transactions.c.user_id == user_id)
    if bill_id is not None:
        query = query.where(bill_transactions.c.bill_id == bill_id)
    if before is not None:
        query = query.where(bill_transactions.c.id < before)
    query = query.order_by(bill_transactions.c.id.desc()).limit(count)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [TransactionView(**row._mapping) for row in rows]  # noqa: SLF001
