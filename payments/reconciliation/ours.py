"""Reads what our books say of merchant ids, for the comparison."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.deposits.status import OPEN, PAID, DepositState
from payments.deposits.tables import deposits
from payments.kernel.strict import day_bounds
from payments.payouts.status import HOLDING, RELEASED, PayoutState
from payments.payouts.tables import payouts
from payments.reconciliation.compare import TRANSIT, Ours
from payments.reconciliation.tables import registry_lines, registry_runs
from payments.statements.settlement_day import MOVED, RETURNED, Line
from payments.statements.settlement_day import PAID as PAID_LINE

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
    """Our payouts and deposits, by merchant id."""
    by_merchant_id: dict[int, Ours] = {}
    ids = sorted(set(merchant_ids))
    for first in range(0, len(ids), _CHUNK):
        chunk = ids[first : first + _CHUNK]
        rows = await connection.execute(sa.select(payouts).where(payouts.c.merchant_id.in_(chunk)))
        by_merchant_id |= {row.merchant_id: payout(row) for row in rows}
        rows = await connection.execute(
            sa.select(deposits).where(deposits.c.merchant_id.in_(chunk))
        )
        by_merchant_id |= {row.merchant_id: deposit(row) for row in rows}
    return by_merchant_id


async def missing(
    connection: AsyncConnection, provider: str, day: date, merchant_ids: Iterable[int] = ()
) -> Sequence[tuple[Ours, str]]:
    """Our transactions that moved money and are in no registry, though their days are closed.

    Each with the status of the line that should be there. Candidates are what may have happened on
    `day`, and `merchant_ids`. The provider may have executed it on any day from our request until
    shortly after we learned of it: nothing is missing before all of these days are closed.
    """
    p, d = payouts.c, deposits.c
    also = any_of(merchant_ids)
    missing_: list[tuple[Ours, str]] = []
    moved = sa.select(payouts).where(
        p.state.in_([PayoutState.PAID.value, PayoutState.REVERSED.value]),
        _is_due(provider, day, p.created_at, p.ended_at, p.merchant_id == also),
        ~_has_line(provider, p.merchant_id),
    )
    missing_ += [(payout(row), PAID_LINE) for row in await connection.execute(moved)]
    # The wallet has that money again, so the provider's line `paid` is not enough.
    came_back = sa.select(payouts).where(
        p.state == PayoutState.REVERSED.value,
        _is_due(provider, day, p.ended_at, p.state_since, p.merchant_id == also),
        ~_has_line(provider, p.merchant_id, RETURNED),
    )
    missing_ += [(payout(row), RETURNED) for row in await connection.execute(came_back)]
    arrived = sa.select(deposits).where(
        d.state.in_([s.value for s in PAID]),
        _is_due(provider, day, d.created_at, d.updated_at, d.merchant_id == also),
        ~_has_line(provider, d.merchant_id),
    )
    missing_ += [(deposit(row), PAID_LINE) for row in await connection.execute(arrived)]
    return missing_


def any_of(merchant_ids: Iterable[int]) -> Any:
    """SQL `ANY` over these ids, as a single parameter however many they are."""
    return sa.any_(sa.literal(sorted(set(merchant_ids)), ARRAY(sa.BigInteger)))


def _is_due(
    provider: str, day: date, asked_at: Any, known_at: Any, is_named: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """True when `day` (or being named) may decide it, and every day its line
    may be on is closed.
    """
    begins, ends = day_bounds(day)
    c = registry_runs.c
    earliest = sa.func.least(asked_at, known_at)
    first, last = _utc_date(earliest), _utc_date(known_at + TRANSIT)
    closed = (
        sa.select(sa.func.count(sa.distinct(c.date)))
        .where(c.provider == provider, c.is_closed, c.date.between(first, last))
        .scalar_subquery()
    )
    may_be_that_day = sa.and_(earliest < ends, known_at >= begins - TRANSIT)
    return sa.and_(sa.or_(may_be_that_day, is_named), closed == last - first + 1)


def _utc_date(moment: Any) -> Any:
    return sa.cast(sa.func.timezone("UTC", moment), sa.Date)


async def moved_elsewhere(
    connection: AsyncConnection, provider: str, day: date, merchant_ids: Iterable[int]
) -> Sequence[Line]:
    """Lines of these ids in registries of other days that moved money: finds double payments."""
    c = registry_lines.c
    ids = sorted(set(merchant_ids))
    lines: list[Line] = []
    for first in range(0, len(ids), _CHUNK):
        query = sa.select(*(c[name] for name in Line.__struct_fields__)).where(
            c.provider == provider,
            c.merchant_id.in_(ids[first : first + _CHUNK]),
            c.date != day,
            c.superseded_by.is_(None),
            c.status.in_(MOVED),
        )
        lines += [Line(**row) for row in (await connection.execute(query)).mappings()]
    return lines


def _has_line(provider: str, merchant_id: Any, *statuses: str) -> sa.ColumnElement[bool]:
    """SQL condition: it has a line with one of these statuses (any status, when none is named)."""
    c = registry_lines.c
    which = (c.status.in_(statuses),) if statuses else ()
    return sa.exists().where(
        c.provider == provider, c.merchant_id == merchant_id, c.superseded_by.is_(None), *which
    )


def payout(row: sa.Row[Any]) -> Ours:
    """What a payout's row says."""
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
    """What a deposit's row says."""
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
