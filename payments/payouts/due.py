"""Finds payouts that are due and builds the intents that check them; the scheduler submits them."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.payouts.check
from payments.ledger.chart import AccountStatus
from payments.ledger.tables import accounts
from payments.operations.submit import Request, keyed
from payments.payouts.check import CheckPayout
from payments.payouts.keepback import WALLET_REASONS
from payments.payouts.queries import stuck
from payments.payouts.status import WATCHED
from payments.payouts.tables import payouts
from payments.provider.schedule import Schedule, is_due

ACTOR = "scheduler"


async def due_checks(
    engine: AsyncEngine, schedule: Schedule, now: datetime, limit: int = 500
) -> Sequence[Request]:
    """One check per payout; its id includes the check count, so duplicates are harmless."""
    c = payouts.c
    query = (
        sa.select(c.id, c.checks, c.version)
        .where(
            c.state.in_([s.value for s in WATCHED]),
            sa.or_(is_due(payouts, schedule, now), _is_set_free()),
        )
        .order_by(c.checked_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        keyed(
            payments.payouts.check.OPERATION,
            CheckPayout(
                payout_id=row.id, checks=row.checks, resend_after_s=schedule.resend_after_s
            ),
            actor=ACTOR,
            key=f"{row.id}:{row.version}:{row.checks}",
            scope="payout.check",
        )
        for row in rows
    ]


def _is_set_free() -> sa.ColumnElement[bool]:
    """The payout was kept back because of its wallet and the wallet is open again: check it now."""
    is_open = sa.exists().where(
        accounts.c.id == payouts.c.wallet_id,
        accounts.c.status.in_((AccountStatus.OPEN.value, AccountStatus.FROZEN_CREDITS.value)),
    )
    return sa.and_(payouts.c.reason.in_(sorted(WALLET_REASONS)), is_open)


async def count_watched(engine: AsyncEngine) -> dict[str, int]:
    """How many payouts are unfinished, by state; states with none are 0."""
    states = [s.value for s in WATCHED]
    c = payouts.c
    query = sa.select(c.state, sa.func.count()).where(c.state.in_(states)).group_by(c.state)
    async with engine.connect() as connection:
        counts = {row[0]: row[1] for row in await connection.execute(query)}
    return {state: counts.get(state, 0) for state in sorted(states)}


async def count_stuck(engine: AsyncEngine, now: datetime) -> dict[str, int]:
    """How many payouts are stuck, by state."""
    query = sa.select(payouts.c.state, sa.func.count()).where(stuck(now)).group_by(payouts.c.state)
    async with engine.connect() as connection:
        return {row[0]: row[1] for row in await connection.execute(query)}
