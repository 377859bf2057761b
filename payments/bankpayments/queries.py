"""Reads of organizations and of payments without an owner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.inn import is_inn
from payments.bankpayments.tables import (
    PaymentStatus,
    organization_account_id,
    organization_payments,
    organizations,
)
from payments.kernel.errors import NotFound
from payments.ledger.tables import accounts

_MATCH_MAX: Final = 1000


class OrganizationNotFound(NotFound):
    """There is no organization with this INN."""

    code = "organization_not_found"


class OrganizationView(msgspec.Struct, frozen=True, kw_only=True):
    """An organization and its balance in minor units."""

    organization_id: int
    inn: str
    name: str
    minor: int
    created_at: datetime


class UnmatchedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in suspense whose organization has turned up."""

    payment_id: UUID
    payer_inn: str
    organization_id: int


_BALANCE = sa.func.coalesce(accounts.c.credits_posted - accounts.c.debits_posted, 0)
# The account is made with the first payment: until then the balance is nothing.
_SELECT = sa.select(organizations, _BALANCE.label("minor")).outerjoin(
    accounts, accounts.c.id == organizations.c.id + sa.literal(organization_account_id(0))
)


async def get_organization(engine: AsyncEngine, inn: str) -> OrganizationView:
    """The organization with that INN. Raises 404 `organization_not_found`."""
    if not is_inn(inn):
        raise OrganizationNotFound  # PostgreSQL need not see what a path may hold, U+0000 say
    async with engine.connect() as connection:
        row = (await connection.execute(_SELECT.where(organizations.c.inn == inn))).one_or_none()
    if row is None:
        raise OrganizationNotFound
    return _view(row)


async def list_organizations(
    engine: AsyncEngine, before: int | None = None, count: int = 200
) -> Sequence[OrganizationView]:
    """Organizations, newest first."""
    query = _SELECT.order_by(organizations.c.id.desc()).limit(count)
    if before is not None:
        query = query.where(organizations.c.id < before)
    async with engine.connect() as connection:
        return [_view(row) for row in await connection.execute(query)]


async def unmatched_payments(
    engine: AsyncEngine, inn: str | None = None
) -> Sequence[UnmatchedPayment]:
    """Payments in suspense whose organization is known by now, oldest first, at most 1000."""
    payments = organization_payments.c
    query = (
        sa.select(payments.id, payments.payer_inn, organizations.c.id.label("organization_id"))
        .join(organizations, organizations.c.inn == payments.payer_inn)
        .where(payments.status == PaymentStatus.UNMATCHED.value)
        .order_by(payments.received_at)
        .limit(_MATCH_MAX)
    )
    if inn is not None:
        query = query.where(payments.payer_inn == inn)
    async with engine.connect() as connection:
        return [
            UnmatchedPayment(payment_id=r[0], payer_inn=r[1], organization_id=r[2])
            for r in await connection.execute(query)
        ]


async def count_unmatched(engine: AsyncEngine) -> int:
    """Payments in suspense."""
    payments = organization_payments.c
    query = sa.select(sa.func.count()).where(payments.status == PaymentStatus.UNMATCHED.value)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


def _view(row: sa.Row[Any]) -> OrganizationView:
    return OrganizationView(
        organization_id=row.id,
        inn=row.inn,
        name=row.name,
        minor=row.minor,
        created_at=row.created_at,
    )
