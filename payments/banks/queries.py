"""Reads of accounts, balances, payments, marketplace keys and overdue confirmations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.banks.books import client_account
from payments.banks.status import PaymentStatus
from payments.banks.tables import (
    bank_accounts,
    bank_clients,
    bank_payments,
    banks,
    marketplace_keys,
    marketplaces,
)
from payments.banks.token import digest_of
from payments.ledger.tables import accounts

# Rows of 0.1.0 do not say them.
_PARTIES: Final = {"customer_number", "customer_bank", "seller_number", "seller_bank"}
T = TypeVar("T", bound=msgspec.Struct)

_payer = bank_accounts.alias("payer")
_seller = bank_accounts.alias("seller")
_payer_bank = banks.alias("payer_bank")
_seller_bank = banks.alias("seller_bank")
_payer_client = bank_clients.alias("payer_client")
_seller_client = bank_clients.alias("seller_client")


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment and its parties; amounts in minor units."""

    id: UUID
    operation_key: str
    status: str
    minor: int
    fee_minor: int
    refund_fee: str
    customer_number: str
    customer_bank: str
    seller_number: str
    seller_bank: str
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    refunded_at: datetime | None


class DueConfirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was not confirmed within ten minutes."""

    operation_key: str
    expires_at: datetime


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Content and recipient of the mail with the code."""

    email: str
    minor: int
    fee_minor: int
    customer_number: str
    seller_number: str
    seller_name: str
    seller_bank: str
    marketplace: str


async def find_marketplace(engine: AsyncEngine, api_key: str) -> int | None:
    """The marketplace of an API key; None for an unknown or revoked key."""
    query = sa.select(marketplace_keys.c.marketplace_id).where(
        marketplace_keys.c.key_hash == digest_of(api_key), marketplace_keys.c.revoked_at.is_(None)
    )
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one_or_none()


async def find_email(engine: AsyncEngine, number: str) -> str | None:
    """E-mail address of the account's holder."""
    query = (
        sa.select(bank_clients.c.email)
        .join(bank_accounts, bank_accounts.c.client_id == bank_clients.c.id)
        .where(bank_accounts.c.number == number)
    )
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one_or_none()


async def find_balance(engine: AsyncEngine, number: str) -> int | None:
    """The account's balance in minor units."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            sa.select(bank_accounts.c.id).where(bank_accounts.c.number == number)
        )
        local = rows.scalar_one_or_none()
        if local is None:
            return None
        balance = accounts.c.credits_posted - accounts.c.debits_posted
        counters = sa.select(balance).where(accounts.c.id == client_account(local))
        return int((await connection.execute(counters)).scalar_one())


async def banks_of(engine: AsyncEngine, numbers: Sequence[str]) -> Mapping[str, int]:
    """Bank ids by account number, for the numbers that exist."""
    query = sa.select(bank_accounts.c.number, bank_accounts.c.bank_id).where(
        bank_accounts.c.number.in_(numbers)
    )
    async with engine.connect() as connection:
        return {row.number: row.bank_id for row in await connection.execute(query)}


async def find_payment(
    engine: AsyncEngine, marketplace_id: int, operation_key: str
) -> PaymentView | None:
    """A payment of this marketplace; None for another marketplace's payment."""
    query = (
        sa.select(
            *(column for column in bank_payments.c if column.name not in _PARTIES),
            _payer.c.number.label("customer_number"),
            _payer_bank.c.name.label("customer_bank"),
            _seller.c.number.label("seller_number"),
            _seller_bank.c.name.label("seller_bank"),
        )
        .join(_payer, _payer.c.id == bank_payments.c.customer_account_id)
        .join(_payer_bank, _payer_bank.c.id == _payer.c.bank_id)
        .join(_seller, _seller.c.id == bank_payments.c.seller_account_id)
        .join(_seller_bank, _seller_bank.c.id == _seller.c.bank_id)
        .where(
            bank_payments.c.operation_key == operation_key,
            bank_payments.c.marketplace_id == marketplace_id,
        )
    )
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else _converted(row, PaymentView)


async def find_notice(engine: AsyncEngine, payment_id: UUID) -> Notice | None:
    """The mail of a payment that still waits for its code; None when it does not."""
    query = (
        sa.select(
            _payer_client.c.email,
            bank_payments.c.minor,
            bank_payments.c.fee_minor,
            _payer.c.number.label("customer_number"),
            _seller.c.number.label("seller_number"),
            _seller_client.c.name.label("seller_name"),
            _seller_bank.c.name.label("seller_bank"),
            marketplaces.c.name.label("marketplace"),
        )
        .join(_payer, _payer.c.id == bank_payments.c.customer_account_id)
        .join(_payer_client, _payer_client.c.id == _payer.c.client_id)
        .join(_seller, _seller.c.id == bank_payments.c.seller_account_id)
        .join(_seller_client, _seller_client.c.id == _seller.c.client_id)
        .join(_seller_bank, _seller_bank.c.id == _seller.c.bank_id)
        .join(marketplaces, marketplaces.c.id == bank_payments.c.marketplace_id)
        .where(
            bank_payments.c.id == payment_id,
            bank_payments.c.status == PaymentStatus.PAUSE.value,
        )
    )
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else _converted(row, Notice)


async def due_confirmations(
    engine: AsyncEngine, now: datetime, limit: int = 1000
) -> list[DueConfirmation]:
    """Payments that were not confirmed in time, oldest first."""
    query = (
        sa.select(bank_payments.c.operation_key, bank_payments.c.expires_at)
        .where(
            bank_payments.c.status == PaymentStatus.PAUSE.value,
            bank_payments.c.expires_at <= now,
        )
        .order_by(bank_payments.c.expires_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        return [_converted(row, DueConfirmation) for row in await connection.execute(query)]


def _converted(row: Any, type_: type[T]) -> T:
    fields = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return type_(**{name: fields[name] for name in type_.__struct_fields__})
