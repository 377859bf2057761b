"""Reads of client wallets, client transfers and their outcomes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.clientwallets.tables import client_transfers, client_wallets
from payments.ledger.chart import AccountStatus
from payments.ledger.tables import accounts
from payments.operations.outcome import Status
from payments.operations.tables import operations
from payments.wallets.status import wallet_status


class ClientWalletView(msgspec.Struct, frozen=True, kw_only=True):
    """A client's wallet; `minor` is its balance including held money."""

    user_id: int
    wallet_id: int
    status: str
    minor: int
    currency: str
    created_at: datetime
    updated_at: datetime


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """An operation and its outcome; `status` is a value of `payments.operations.outcome.Status`."""

    kind: str
    status: str
    reason: str | None
    result: dict[str, Any]


_SELECT = sa.select(
    client_wallets.c.user_id,
    client_wallets.c.wallet_id,
    accounts.c.status,
    (accounts.c.credits_posted - accounts.c.debits_posted).label("minor"),
    accounts.c.currency,
    client_wallets.c.created_at,
    sa.func.coalesce(accounts.c.last_entry_at, client_wallets.c.created_at).label("updated_at"),
).join(accounts, accounts.c.id == client_wallets.c.wallet_id)


async def find_wallet(
    engine: AsyncEngine, *, wallet_id: int | None = None, user_id: int | None = None
) -> ClientWalletView | None:
    """The wallet with this id and this client, whichever are given."""
    query = _SELECT
    if wallet_id is not None:
        query = query.where(client_wallets.c.wallet_id == wallet_id)
    if user_id is not None:
        query = query.where(client_wallets.c.user_id == user_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return None if row is None else _view(row)


async def currency_of_wallet(engine: AsyncEngine, wallet_id: int) -> str | None:
    """The currency of a client's wallet; it never changes."""
    return None if (w := await find_wallet(engine, wallet_id=wallet_id)) is None else w.currency


async def find_outcome(engine: AsyncEngine, operation_id: UUID) -> OutcomeView | None:
    """The outcome stored in `operations`."""
    query = sa.select(operations).where(operations.c.id == operation_id)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    return OutcomeView(kind=row.kind, status=row.status, reason=row.reason, result=row.result)


async def find_transfer(
    engine: AsyncEngine, transaction_id: int, user_id: int
) -> OutcomeView | None:
    """The outcome of the transfer with this id, if this client requested it."""
    transfers = client_transfers.c
    is_own = (transfers.id == transaction_id) & (transfers.user_id == user_id)
    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(client_transfers).where(is_own))).one_or_none()
    if row is None:
        return None
    status = Status.APPLIED if row.reason is None else Status.REJECTED
    result = {
        "transaction_id": row.id,
        "source_wallet_id": row.source_wallet_id,
        "destination_wallet_id": row.destination_wallet_id,
    }
    return OutcomeView(
        kind="client_transfer.create", status=status.value, reason=row.reason, result=result
    )


async def transaction_numbers(
    engine: AsyncEngine, operation_ids: Sequence[UUID]
) -> Mapping[UUID, int]:
    """Transaction ids by operation id."""
    transfers = client_transfers.c
    is_selected = transfers.operation_id.in_(operation_ids)
    query = sa.select(transfers.operation_id, transfers.id).where(is_selected)
    async with engine.connect() as connection:
        return {row.operation_id: row.id for row in await connection.execute(query)}


def _view(row: sa.Row[Any, Any, Any, Any, Any, Any, Any]) -> ClientWalletView:
    return ClientWalletView(
        user_id=row.user_id,
        wallet_id=row.wallet_id,
        status=wallet_status(AccountStatus(row.status)),
        minor=row.minor,
        currency=row.currency,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
