"""Reads of organizations, bank payments and balance changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.errors import PaymentNotFound
from payments.bankpayments.inn import is_inn
from payments.bankpayments.tables import (
    CURRENCY,
    PaymentStatus,
    organization_account_id,
    organization_balance_changes,
    organization_payments,
    organizations,
)
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
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


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment from the bank; `inn` is its organization's, `payer_inn` is what the bank sent.

    `state`: matched, unmatched (in suspense), reversed (returned to its payer), or settled (a
    provider paid out its settlement files). `proposal`: the first operator's assignment. `line_id`:
    the line of a statement that shows it; `payer` and `purpose` are what that line says.
    """

    payment_id: UUID
    operation_id: UUID
    state: Annotated[str, one_of(("matched", "unmatched", "reversed", "settled"))]
    payer_inn: str
    inn: str | None
    amount: str
    currency: str
    document_number: str
    document_date: str
    received_at: str
    matched_at: str | None
    line_id: UUID | None
    payer: str
    purpose: str
    proposal: Mapping[str, Any] | None
    assignment: Mapping[str, Any] | None
    reversal: Mapping[str, Any] | None


class BalanceChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an organization's balance, with the balance before and after.

    `cause`: a payment, the return of one (reversal), or a transfer to a wallet.
    """

    operation_id: UUID
    cause: Annotated[str, one_of(("payment", "reversal", "transfer"))]
    payment_id: UUID | None
    wallet_id: int | None
    amount: str
    before: str
    after: str
    currency: str
    payer_inn: str | None
    document_number: str | None
    recorded_at: str


class UnmatchedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment in suspense whose organization exists by now."""

    payment_id: UUID
    payer_inn: str
    organization_id: int


_BALANCE = sa.func.coalesce(accounts.c.credits_posted - accounts.c.debits_posted, 0)
# The first payment creates the account: without an account the balance is 0.
_SELECT = sa.select(organizations, _BALANCE.label("minor")).outerjoin(
    accounts, accounts.c.id == organizations.c.id + sa.literal(organization_account_id(0))
)


async def get_organization(engine: AsyncEngine, inn: str) -> OrganizationView:
    """The organization with this INN. Raises 404 `organization_not_found`."""
    if not is_inn(inn):
        raise OrganizationNotFound  # PostgreSQL fails on some texts, U+0000 for example
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
    """Payments in suspense whose organization exists by now, oldest first, at most 1000."""
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
    """The number of payments in suspense."""
    payments = organization_payments.c
    query = sa.select(sa.func.count()).where(payments.status == PaymentStatus.UNMATCHED.value)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


_PAYMENTS = sa.select(organization_payments, organizations.c.inn).outerjoin(
    organizations, organizations.c.id == organization_payments.c.organization_id
)
_STATUSES: Final = {
    "matched": PaymentStatus.CREDITED.value,
    "unmatched": PaymentStatus.UNMATCHED.value,
    "reversed": PaymentStatus.REVERSED.value,
    "settled": PaymentStatus.SETTLED.value,
}
_WORDS: Final = {status: word for word, status in _STATUSES.items()}
Place = tuple[datetime, UUID]
"""Position of a row in a list: its time and its id."""


async def list_payments(
    engine: AsyncEngine,
    state: str | None,
    inn: str | None,
    before: Place | None,
    count: int,
    *,
    document_number: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Sequence[PaymentView]:
    """Payments, newest first; `inn` is the organization's or what the bank sent."""
    c = organization_payments.c
    query = _PAYMENTS.order_by(c.received_at.desc(), c.id.desc()).limit(count)
    if state is not None:
        query = query.where(c.status == _STATUSES[state])
    if inn is not None:
        owner = sa.select(organizations.c.id).where(organizations.c.inn == inn).scalar_subquery()
        query = query.where((c.payer_inn == inn) | (c.organization_id == owner))
    if document_number is not None:
        query = query.where(c.document_number == document_number)
    if since is not None:
        query = query.where(c.received_at >= since)
    if until is not None:
        query = query.where(c.received_at < until)
    if before is not None:
        query = query.where(sa.tuple_(c.received_at, c.id) < before)
    async with engine.connect() as connection:
        return [payment_view(row, row.status, row.inn) for row in await connection.execute(query)]


async def owner_of(engine: AsyncEngine, payment_id: UUID) -> int | None:
    """The organization that has the payment."""
    c = organization_payments.c
    query = sa.select(c.organization_id).where(c.id == payment_id)
    async with engine.connect() as connection:
        owner: int | None = (await connection.execute(query)).scalar_one_or_none()
    return owner


async def find_payment(engine: AsyncEngine, payment_id: UUID | None) -> PaymentView | None:
    """The payment with this id of the bank."""
    query = _PAYMENTS.where(organization_payments.c.id == payment_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else payment_view(row, row.status, row.inn)


async def get_payment(engine: AsyncEngine, payment_id: UUID | None) -> PaymentView:
    """The payment with this id of the bank. Raises 404 `payment_not_found`."""
    payment = await find_payment(engine, payment_id)
    if payment is None:
        raise PaymentNotFound
    return payment


async def list_changes(
    engine: AsyncEngine, organization_id: int, before: Place | None, count: int
) -> Sequence[BalanceChangeView]:
    """Changes of an organization's balance, newest first."""
    c, p = organization_balance_changes.c, organization_payments.c
    query = (
        sa.select(organization_balance_changes, p.payer_inn, p.document_number)
        .outerjoin(organization_payments, p.id == c.payment_id)
        .where(c.organization_id == organization_id)
        .order_by(c.recorded_at.desc(), c.operation_id.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(sa.tuple_(c.recorded_at, c.operation_id) < before)
    async with engine.connect() as connection:
        return [_change(row) for row in await connection.execute(query)]


def payment_view(row: Any, status: str, inn: str | None) -> PaymentView:
    """A row of the table, or its record; `inn` is its organization's."""
    return PaymentView(
        payment_id=row.id,
        operation_id=row.operation_id,
        state=_WORDS[status],
        payer_inn=row.payer_inn,
        inn=inn,
        amount=format_minor(row.minor, currency_of(row.currency)),
        currency=row.currency,
        document_number=row.document_number,
        document_date=rfc3339(row.document_date),
        received_at=rfc3339(row.received_at),
        matched_at=None if row.matched_at is None else rfc3339(row.matched_at),
        line_id=row.line_id,
        payer=row.payer,
        purpose=row.purpose,
        proposal=row.proposal,
        assignment=row.assignment,
        reversal=row.reversal,
    )


def _change(row: sa.Row[Any]) -> BalanceChangeView:
    currency = currency_of(CURRENCY)
    return BalanceChangeView(
        operation_id=row.operation_id,
        cause=_cause(row),
        payment_id=row.payment_id,
        wallet_id=row.wallet_id,
        amount=format_minor(row.after_minor - row.before_minor, currency),
        before=format_minor(row.before_minor, currency),
        after=format_minor(row.after_minor, currency),
        currency=CURRENCY,
        payer_inn=row.payer_inn,
        document_number=row.document_number,
        recorded_at=rfc3339(row.recorded_at),
    )


def _cause(row: sa.Row[Any]) -> str:
    if row.payment_id is None:
        return "transfer"
    return "payment" if row.after_minor > row.before_minor else "reversal"


def _view(row: sa.Row[Any]) -> OrganizationView:
    return OrganizationView(
        organization_id=row.id,
        inn=row.inn,
        name=row.name,
        minor=row.minor,
        created_at=row.created_at,
    )
