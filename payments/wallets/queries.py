"""Reads of wallets: a wallet is its row and the counters of its ledger account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.free_json import JsonObject
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.at_a_time import balance_at
from payments.ledger.chart import AccountStatus
from payments.ledger.tables import accounts, entries, held_at
from payments.operations.tables import operations
from payments.wallets.status import freeze_direction, wallet_status
from payments.wallets.tables import wallets


class WalletNotFound(NotFound):
    """There is no such wallet."""

    code = "wallet_not_found"


class WalletView(msgspec.Struct, frozen=True, kw_only=True):
    """A wallet and its money. `balance` counts held money, `available` does not.

    `available` counts the overdraft that is left. `freeze_direction`: which way no money goes.
    """

    wallet_id: int
    currency: str
    owner: str
    metadata: JsonObject
    status: str
    balance: str
    available: str | None
    held: str | None
    created_at: str
    overdraft_limit: str
    freeze_direction: str | None
    freeze_reason: str
    at: str | msgspec.UnsetType = msgspec.UNSET


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """A movement: `entry` counts from 1 in the wallet, `amount` is signed, `balance` after it.

    `counterparty`: the wallet on the other side, `wallet:17`. `hold_id`: what was captured.
    """

    entry: int
    operation_id: UUID
    kind: str
    amount: str
    balance: str
    created_at: str
    description: str
    counterparty: str | None = None
    hold_id: UUID | None = None


_SEQ_MAX: Final = 2**63 - 1
_TOLD: Final = (
    "description",
    "hold_id",
    "wallet_id",
    "source_wallet_id",
    "destination_wallet_id",
)
"""What an entry shows of its operation's result."""


def _wallets(now: datetime) -> sa.Select[Any]:
    return sa.select(
        wallets,
        sa.cast(wallets.c.metadata, sa.Text).label("metadata_"),
        accounts.c.status,
        accounts.c.overdraft_limit,
        (accounts.c.credits_posted - accounts.c.debits_posted).label("balance"),
        held_at(now).label("held"),
    ).join(accounts, accounts.c.id == wallets.c.id)


async def get_wallet(engine: AsyncEngine, wallet_id: int, now: datetime) -> WalletView:
    """The wallet; holds that have ended by `now` do not count. Raises 404 `wallet_not_found`."""
    async with engine.connect() as connection:
        row = (
            await connection.execute(_wallets(now).where(wallets.c.id == chart.wallet(wallet_id)))
        ).one_or_none()
    if row is None:
        raise WalletNotFound
    return _view(row)


async def wallet_at(
    engine: AsyncEngine, wallet: WalletView, at: datetime, now: datetime
) -> WalletView:
    """The wallet with its balance at a time; what was held then is not kept, so it is not said."""
    currency = currency_of(wallet.currency)
    minor = await balance_at(engine, chart.wallet(wallet.wallet_id), at, now)
    return msgspec.structs.replace(
        wallet, balance=format_minor(minor, currency), available=None, held=None, at=rfc3339(at)
    )


async def list_wallets(
    engine: AsyncEngine, owner: str | None, before: int | None, count: int, *, now: datetime
) -> Sequence[WalletView]:
    """Wallets newest first, those of an owner when it is given."""
    query = _wallets(now).order_by(wallets.c.id.desc()).limit(count)
    if owner is not None:
        query = query.where(wallets.c.owner == owner)
    if before is not None:
        query = query.where(wallets.c.id < chart.wallet(before))
    async with engine.connect() as connection:
        return [_view(row) for row in await connection.execute(query)]


async def list_entries(
    engine: AsyncEngine, wallet_id: int, before: int | None, count: int
) -> Sequence[EntryView]:
    """Entries newest first. Raises 404 `wallet_not_found`."""
    account_id = chart.wallet(wallet_id)
    told = [operations.c.result[name].as_string().label(name) for name in _TOLD]
    query = (
        sa.select(entries, operations.c.kind, *told)
        .outerjoin(operations, operations.c.id == entries.c.operation_id)
        .where(entries.c.account_id == account_id)
        .order_by(entries.c.seq.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(entries.c.seq < min(before, _SEQ_MAX))
    async with engine.connect() as connection:
        found = await connection.execute(
            sa.select(wallets.c.currency).where(wallets.c.id == account_id)
        )
        code = found.scalar_one_or_none()
        if code is None:
            raise WalletNotFound
        rows = (await connection.execute(query)).all()
    currency = currency_of(code)
    return [
        EntryView(
            entry=row.seq,
            operation_id=row.operation_id,
            kind=row.kind or "",
            amount=format_minor(row.amount, currency),
            balance=format_minor(row.balance, currency),
            created_at=rfc3339(row.recorded_at),
            description=row.description or "",
            counterparty=_counterparty(row, wallet_id),
            hold_id=UUID(row.hold_id) if row.hold_id else None,
        )
        for row in rows
    ]


def _counterparty(row: sa.Row[Any], wallet_id: int) -> str | None:
    """The other one of the two wallets that the operation's result names."""
    source, destination = row.source_wallet_id or row.wallet_id, row.destination_wallet_id
    if source is None or destination is None:
        return None
    return f"wallet:{destination if str(wallet_id) == source else source}"


def _view(row: sa.Row[Any]) -> WalletView:
    currency = currency_of(row.currency)
    return WalletView(
        wallet_id=row.id,
        currency=row.currency,
        owner=row.owner,
        metadata=msgspec.Raw(row.metadata_.encode()),
        status=wallet_status(AccountStatus(row.status)),
        balance=format_minor(row.balance, currency),
        available=format_minor(row.balance - row.held + row.overdraft_limit, currency),
        held=format_minor(row.held, currency),
        created_at=rfc3339(row.created_at),
        overdraft_limit=format_minor(row.overdraft_limit, currency),
        freeze_direction=freeze_direction(AccountStatus(row.status)),
        freeze_reason=row.freeze_reason or "",
    )
