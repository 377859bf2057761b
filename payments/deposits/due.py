"""Finds deposits that are due and builds the intents that check them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.check
from payments.deposits.check import CheckDeposit
from payments.deposits.status import OPEN
from payments.deposits.tables import deposits
from payments.operations.submit import Request, keyed
from payments.provider.schedule import Schedule, is_due

ACTOR: Final = "scheduler"
WATCH_DAYS: Final = 7
"""How long an unpaid deposit is checked; callbacks and the registry find later payments."""


async def due_checks(
    engine: AsyncEngine, schedule: Schedule, now: datetime, limit: int = 500
) -> Sequence[Request]:
    """One check per deposit; its id includes the check count, so duplicates are harmless."""
    c = deposits.c
    is_young = c.created_at > now - timedelta(days=WATCH_DAYS)
    query = (
        sa.select(c.id, c.checks, c.version)
        .where(c.state.in_([s.value for s in OPEN]), is_young, is_due(deposits, schedule, now))
        .order_by(c.checked_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        keyed(
            payments.deposits.check.OPERATION,
            CheckDeposit(deposit_id=row.id, checks=row.checks),
            actor=ACTOR,
            key=f"{row.id}:{row.version}:{row.checks}",
            scope="deposit.check",
        )
        for row in rows
    ]
