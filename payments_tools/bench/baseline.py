"""The baseline: a row-at-a-time ledger as a team would write it with SQLAlchemy.

One transaction a transfer; both accounts by SELECT … FOR UPDATE sorted by id; balance, transfer and
two entries through the ORM; eight connections. It has no operation ids, no outcomes and no holds:
it does less than the ledger it is compared to.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from payments.kernel.clock import monotonic_s
from payments_tools.bench.sample import Sample, sample

CONNECTIONS: Final = 8
_FILL: Final = """
    WITH made AS (
        INSERT INTO bench_baseline.transfers (source_id, destination_id, amount)
        SELECT 1 + g % a.n, 1 + (g * 7 + 1) % a.n, 5
          FROM generate_series(1, :n) AS g, (SELECT count(*) AS n FROM bench_baseline.accounts) AS a
        RETURNING id, source_id, destination_id
    )
    INSERT INTO bench_baseline.entries (transfer_id, account_id, amount, balance)
    SELECT id, source_id, -5, 0 FROM made UNION ALL SELECT id, destination_id, 5, 0 FROM made
"""


class Base(DeclarativeBase):
    """Tables of the baseline, in a schema of their own."""

    metadata = sa.MetaData(schema="bench_baseline")


class Account(Base):
    """An account with its balance."""

    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True)
    balance: Mapped[int] = mapped_column(sa.BigInteger)


class Transfer(Base):
    """A transfer."""

    __tablename__ = "transfers"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(sa.BigInteger)
    destination_id: Mapped[int] = mapped_column(sa.BigInteger)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    created_at: Mapped[str] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now()
    )


class Entry(Base):
    """One leg of a transfer."""

    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    transfer_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    account_id: Mapped[int] = mapped_column(sa.BigInteger, index=True)
    amount: Mapped[int] = mapped_column(sa.BigInteger)
    balance: Mapped[int] = mapped_column(sa.BigInteger)


async def prepare(engine: AsyncEngine, accounts: int) -> None:
    """Make the tables and the accounts, each with plenty."""
    async with engine.begin() as connection:
        await connection.execute(sa.text("DROP SCHEMA IF EXISTS bench_baseline CASCADE"))
        await connection.execute(sa.text("CREATE SCHEMA bench_baseline"))
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(
            sa.text(
                "INSERT INTO bench_baseline.accounts "
                "SELECT g, 1000000000 FROM generate_series(1, :n) AS g"
            ),
            {"n": accounts},
        )
    async with engine.connect() as connection:
        plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await plain.execute(sa.text("VACUUM ANALYZE bench_baseline.accounts"))


async def transfer(
    sessions: async_sessionmaker[AsyncSession], source: int, destination: int, amount: int
) -> None:
    """One transfer, one transaction."""
    async with sessions() as session, session.begin():
        query = (
            sa.select(Account)
            .where(Account.id.in_([source, destination]))
            .order_by(Account.id)
            .with_for_update()
        )
        by_id = {account.id: account for account in await session.scalars(query)}
        payer, payee = by_id[source], by_id[destination]
        if payer.balance < amount:
            raise ValueError("insufficient funds")
        payer.balance -= amount
        payee.balance += amount
        row = Transfer(source_id=source, destination_id=destination, amount=amount)
        session.add(row)
        await session.flush()
        session.add_all(
            [
                Entry(transfer_id=row.id, account_id=source, amount=-amount, balance=payer.balance),
                Entry(
                    transfer_id=row.id, account_id=destination, amount=amount, balance=payee.balance
                ),
            ]
        )


async def run(engine: AsyncEngine, transfers: Sequence[tuple[int, int, int]]) -> Sample:
    """Do all transfers over eight connections."""
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    pending = iter(transfers)
    latencies_s: list[float] = []

    async def worker() -> None:
        for source, destination, amount in pending:
            began = monotonic_s()
            await transfer(sessions, source, destination, amount)
            latencies_s.append(monotonic_s() - began)

    started = monotonic_s()
    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))
    return sample(len(transfers), monotonic_s() - started, latencies_s)


async def fill(engine: AsyncEngine, transfers: int) -> None:
    """Put that many more transfers, with their entries, into the tables: only size matters."""
    async with engine.begin() as connection:
        await connection.execute(sa.text(_FILL), {"n": transfers})
