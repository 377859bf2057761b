"""The balance of an account at a time: an answer that never changes (ADR 0054).

By the time when entries were recorded, or by the time from which their transactions count.
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import Unavailable
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql

TIMES: Final = ("recorded", "effective")
"""Words of answers: by which time a balance is."""
SETTLED_AFTER: Final = timedelta(days=1)
"""No clock and no batch is this late: an older time needs no mark on the account."""
_MARK: Final = load_sql(__file__, "answer_until")
_MARK_EFFECTIVE: Final = load_sql(__file__, "answer_effective_until")
_BALANCE: Final = load_sql(__file__, "balance_at")
_EFFECTIVE_BALANCE: Final = load_sql(__file__, "effective_balance_at")
_LOCK_NOT_AVAILABLE: Final = "55P03"


async def balance_at(
    engine: AsyncEngine,
    account_id: AccountId,
    at: datetime,
    now: datetime,
    *,
    is_effective: bool = False,
) -> int:
    """Minor units at a time that is not in the future; 0 before the first entry.

    `is_effective`: by the time from which transactions count; none that counts from before `at`
    is applied to the account from then on (ADR 0121).
    Raises `Unavailable` when the account stays locked.
    """
    marks = [_MARK] if at > now - SETTLED_AFTER else []
    marks += [_MARK_EFFECTIVE] if is_effective else []
    query = _EFFECTIVE_BALANCE if is_effective else _BALANCE
    try:
        async with engine.begin() as connection:
            if marks:
                await connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
            for mark in marks:
                await connection.exec_driver_sql(mark, (account_id, at))
            result = await connection.exec_driver_sql(query, (account_id, at))
            return result.scalar_one_or_none() or 0
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise Unavailable("the account is busy; try again", code="account_busy") from error
        raise
