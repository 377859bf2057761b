"""The balance of an account at a time: an answer that never changes (ADR 0054)."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import Unavailable
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql

SETTLED_AFTER: Final = timedelta(days=1)
"""No clock and no batch is this late: an older time needs no mark on the account."""
_LOCK_NOT_AVAILABLE: Final = "55P03"


async def balance_at(
    engine: AsyncEngine, account_id: AccountId, at: datetime, now: datetime
) -> int:
    """Minor units at a time that is not in the future; 0 before the first entry.

    Raises `Unavailable` when the account stays locked.
    """
    try:
        async with engine.begin() as connection:
            if at > now - SETTLED_AFTER:
                await connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
                await connection.exec_driver_sql(
                    load_sql(__file__, "answer_until"), (account_id, at)
                )
            result = await connection.exec_driver_sql(
                load_sql(__file__, "balance_at"), (account_id, at)
            )
            return result.scalar_one_or_none() or 0
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise Unavailable("the account is busy; try again", code="account_busy") from error
        raise
