"""Reads of house accounts."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.ledger.chart import LOCAL_MAX, Kind, account_id
from payments.ledger.tables import accounts


async def house_balances(engine: AsyncEngine, kind: Kind) -> dict[str, int]:
    """Sum of all accounts of a kind by currency, in minor units; credits minus debits."""
    c = accounts.c
    balance = sa.func.sum(c.credits_posted - c.debits_posted)
    query = (
        sa.select(c.currency, balance)
        .where(c.id.between(account_id(kind, 0), account_id(kind, LOCAL_MAX)))
        .group_by(c.currency)
    )
    async with engine.connect() as connection:
        return {row[0]: int(row[1]) for row in await connection.execute(query)}
