"""What follows from a kept statement, and what is said of an account. Moves no money."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.statements.tables import statement_accounts
from payments.statements.unsettled import Unsettled, pursue_unsettled
from payments.statements.whole import pursue_missing


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
