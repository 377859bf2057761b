"""Reads of deposits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.deposits.status import OPEN, PAID, VERDICTS, DepositState
from payments.deposits.tables import Deposit, deposit_evidence, deposits
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.provider.schedule import Schedule
from payments.provider.sighting import Source

_SUSPENDED = {DepositState.CURRENCY_MISMATCH, DepositState.IN_SUSPENSE}


class DepositNotFound(NotFound):
    """There is no such deposit."""

    code = "deposit_not_found"


class DepositEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing we did or learned about a deposit."""

    at: str
    source: Annotated[str, one_of(Source)]
    verdict: Annotated[str, one_of(VERDICTS)]
    status_before: Annotated[str, one_of(DepositState)] | None
    status_after: Annotated[str, one_of(DepositState)]
    details: Mapping[str, Any]


class DepositView(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit. `paid_amount`: what arrived; `credited_amount`: the part the wallet received."""

    deposit_id: UUID
    merchant_id: int
    wallet_id: int
    amount: str
    currency: str
    description: str
    status: Annotated[str, one_of(DepositState)]
    reason: str | None
    redirect_url: str | None
    expires_at: str | None
    paid_amount: str | None
    paid_currency: str | None
    credited_amount: str
    next_check_at: str | None
    provider_transaction_id: str | None
    created_at: str
    updated_at: str
    events: Sequence[DepositEvent] = ()


async def get_deposit(
    engine: AsyncEngine, deposit_id: UUID | None, schedule: Schedule
) -> DepositView:
    """The deposit with its events. Raises 404 `deposit_not_found`."""
    c = deposit_evidence.c
    events_query = sa.select(deposit_evidence).where(c.deposit_id == deposit_id).order_by(c.number)
    query = sa.select(deposits).where(deposits.c.id == deposit_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise DepositNotFound
        events = [_event(e) for e in (await connection.execute(events_query)).all()]
    return msgspec.structs.replace(deposit_view(row, schedule), events=events)


async def list_deposits(
    engine: AsyncEngine,
    filters: Mapping[str, Any],
    schedule: Schedule,
    before: tuple[datetime, UUID] | None,
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[DepositView]:
    """Newest first; `filters` maps columns to the values they must have."""
    query = sa.select(deposits).where(*(deposits.c[n] == v for n, v in filters.items()))
    if since is not None:
        query = query.where(deposits.c.created_at >= since)
    if until is not None:
        query = query.where(deposits.c.created_at < until)
    if before is not None:
        query = query.where(sa.tuple_(deposits.c.created_at, deposits.c.id) < before)
    query = query.order_by(deposits.c.created_at.desc(), deposits.c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        return [deposit_view(row, schedule) for row in await connection.execute(query)]


async def deposit_of_merchant_id(engine: AsyncEngine, merchant_id: int) -> UUID | None:
    """The deposit that SuperPay knows by this merchant id."""
    query = sa.select(deposits.c.id).where(deposits.c.merchant_id == merchant_id)
    async with engine.connect() as connection:
        deposit_id: UUID | None = (await connection.execute(query)).scalar_one_or_none()
    return deposit_id


def deposit_view(row: sa.Row[Any] | Deposit, schedule: Schedule) -> DepositView:
    """The deposit as it is shown, without its story."""
    state, currency = DepositState(row.state), currency_of(row.currency)
    credited = (row.paid_minor or 0) if state in PAID - _SUSPENDED else 0
    paid = None
    if row.paid_minor is not None and row.paid_currency is not None:
        paid = format_minor(row.paid_minor, currency_of(row.paid_currency))
    next_at = None
    if state in OPEN:
        next_at = rfc3339(schedule.next_at(row.merchant_id, row.checks, row.checked_at))
    return DepositView(
        deposit_id=row.id,
        merchant_id=row.merchant_id,
        wallet_id=row.wallet_id,
        amount=format_minor(row.minor, currency),
        currency=row.currency,
        description=row.description,
        status=state.value,
        reason=row.reason,
        redirect_url=row.redirect_url,
        expires_at=None if row.expires_at is None else rfc3339(row.expires_at),
        paid_amount=paid,
        paid_currency=row.paid_currency,
        credited_amount=format_minor(credited, currency),
        next_check_at=next_at,
        provider_transaction_id=row.provider_id,
        created_at=rfc3339(row.created_at),
        updated_at=rfc3339(row.updated_at),
    )


def _event(row: sa.Row[Any]) -> DepositEvent:
    return DepositEvent(
        at=rfc3339(row.recorded_at),
        source=row.source,
        verdict=row.verdict,
        status_before=row.state_before,
        status_after=row.state_after,
        details=row.details,
    )
