"""What our books say of merchant ids, in the words of the comparison."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.deposits.status import OPEN, PAID, DepositState
from payments.deposits.tables import deposits
from payments.payouts.status import HOLDING, RELEASED, PayoutState
from payments.payouts.tables import payouts
from payments.reconciliation.compare import MOVED, RETURNED, Line, Ours
from payments.reconciliation.compare import PAID as PAID_LINE
from payments.reconciliation.tables import registry_lines

_CHUNK: Final = 10_000
_PAYOUT_AGREES: Final[Mapping[PayoutState, frozenset[str]]] = {
    PayoutState.PAID: frozenset({"paid"}),
    PayoutState.REVERSED: frozenset({"paid", "returned"}),
    PayoutState.FAILED: frozenset({"failed", "canceled"}),
    PayoutState.CANCELED: frozenset({"failed", "canceled"}),
}
_DEPOSIT_AGREES: Final[Mapping[DepositState, frozenset[str]]] = {
    **dict.fromkeys(PAID, frozenset({"paid"})),
    DepositState.PAID_LATE: frozenset({"paid", "expired"}),
    DepositState.EXPIRED: frozenset({"expired"}),
    DepositState.FAILED: frozenset({"failed"}),
}


async def known(connection: AsyncConnection, merchant_ids: Iterable[int]) -> dict[int, Ours]:
    """Ours, by merchant id."""
    found: dict[int, Ours] = {}
    wanted = sorted(set(merchant_ids))
    for first in range(0, len(wanted), _CHUNK):
        chunk = wanted[first : first + _CHUNK]
        rows = await connection.execute(sa.select(payouts).where(payouts.c.merchant_id.in_(chunk)))
        found |= {row.merchant_id: payout(row) for row in rows}
        rows = await connection.execute(
            sa.select(deposits).where(deposits.c.merchant_id.in_(chunk))
        )
        found |= {row.merchant_id: deposit(row) for row in rows}
    return found


async def missing(
    connection: AsyncConnection, provider: str, day: date, generated_at: datetime
) -> Sequence[tuple[Ours, str]]:
    """What of ours moved money that day, before the registry was made.

    Each with the status of the line that should be in some registry by now.
    """
    begins = datetime.combine(day, time(), UTC)
    ends = min(begins + timedelta(days=1), generated_at)
    p = payouts.c
    moved = sa.select(payouts).where(
        p.state.in_([PayoutState.PAID.value, PayoutState.REVERSED.value]),
        _between(p.ended_at, begins, ends),
        ~_has_line(provider, p.merchant_id),
    )
    found = [(payout(row), PAID_LINE) for row in await connection.execute(moved)]
    # The wallet has that money again: a line that says paid is not enough for it.
    came_back = sa.select(payouts).where(
        p.state == PayoutState.REVERSED.value,
        _between(p.state_since, begins, ends),
        ~_has_line(provider, p.merchant_id, RETURNED),
    )
    found += [(payout(row), RETURNED) for row in await connection.execute(came_back)]
    arrived = sa.select(deposits).where(
        deposits.c.state.in_([s.value for s in PAID]),
        _between(deposits.c.updated_at, begins, ends),
        ~_has_line(provider, deposits.c.merchant_id),
    )
    found += [(deposit(row), PAID_LINE) for row in await connection.execute(arrived)]
    return found


async def moved_elsewhere(
    connection: AsyncConnection, provider: str, day: date, merchant_ids: Iterable[int]
) -> Sequence[Line]:
    """Lines of these in registries of other days that moved money: paid twice, days apart."""
    c = registry_lines.c
    wanted = sorted(set(merchant_ids))
    found: list[Line] = []
    for first in range(0, len(wanted), _CHUNK):
        query = sa.select(*(c[name] for name in Line.__struct_fields__)).where(
            c.provider == provider,
            c.merchant_id.in_(wanted[first : first + _CHUNK]),
            c.date != day,
            c.status.in_(MOVED),
        )
        found += [Line(**row) for row in (await connection.execute(query)).mappings()]
    return found


def _between(column: Any, begins: datetime, ends: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(column >= begins, column < ends)


def _has_line(provider: str, merchant_id: Any, *statuses: str) -> sa.ColumnElement[bool]:
    """A line of it, of these statuses (of any, when none is named)."""
    c = registry_lines.c
    which = (c.status.in_(statuses),) if statuses else ()
    return sa.exists().where(c.provider == provider, c.merchant_id == merchant_id, *which)


def payout(row: sa.Row[Any]) -> Ours:
    """A payout's row."""
    state = PayoutState(row.state)
    return Ours(
        id=row.id,
        merchant_id=row.merchant_id,
        kind="payout",
        state=row.state,
        agrees=_PAYOUT_AGREES.get(state, frozenset()),
        minor=row.minor,
        currency=row.currency,
        is_open=state in HOLDING,
        is_released=state in RELEASED,
        has_moved=state in {PayoutState.PAID, PayoutState.REVERSED},
        since=row.state_since,
    )


def deposit(row: sa.Row[Any]) -> Ours:
    """A deposit's row."""
    state = DepositState(row.state)
    return Ours(
        id=row.id,
        merchant_id=row.merchant_id,
        kind="deposit",
        state=row.state,
        agrees=_DEPOSIT_AGREES.get(state, frozenset()),
        minor=row.paid_minor or row.minor,
        currency=row.paid_currency or row.currency,
        is_open=state in OPEN,
        is_released=False,
        has_moved=state in PAID,
        since=row.updated_at,
    )
