"""Reads of wallets: a wallet is its row and the counters of its ledger account."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.free_json import JsonObject
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.at_a_time import TIMES, balance_at
from payments.ledger.chart import AccountStatus
from payments.ledger.tables import accounts, held_at
from payments.reads import entries
from payments.reads.entries import ALL, EntryFilters, EntryView
from payments.reads.members import holds_member
from payments.wallets.status import (
    FROZEN_BY_DIRECTION,
    WALLET_STATUSES,
    freeze_direction,
    wallet_status,
)
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
    status: Annotated[str, one_of(WALLET_STATUSES)]
    balance: str
    available: str | None
    held: str | None
    created_at: str
    overdraft_limit: str
    freeze_direction: Annotated[str, one_of(FROZEN_BY_DIRECTION)] | None
    freeze_reason: str
    at: str | msgspec.UnsetType = msgspec.UNSET
    time: Annotated[str, one_of(TIMES)] | msgspec.UnsetType = msgspec.UNSET


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
    engine: AsyncEngine,
    wallet: WalletView,
    at: datetime,
    now: datetime,
    *,
    is_effective: bool = False,
) -> WalletView:
    """The wallet with its balance at a time; what was held then is not kept, so it is not said."""
    account_id = chart.wallet(wallet.wallet_id)
    minor = await balance_at(engine, account_id, at, now, is_effective=is_effective)
    return msgspec.structs.replace(
        wallet,
        balance=format_minor(minor, currency_of(wallet.currency)),
        available=None,
        held=None,
        at=rfc3339(at),
        time="effective" if is_effective else "recorded",
    )


class WalletFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of wallets is narrowed by; `status` is a word of answers."""

    owner: str | None = None
    currency: str | None = None
    status: str | None = None
    metadata: Mapping[str, str] = {}


async def list_wallets(
    engine: AsyncEngine, filters: WalletFilters, before: int | None, count: int, *, now: datetime
) -> Sequence[WalletView]:
    """Wallets newest first."""
    query = _wallets(now).order_by(wallets.c.id.desc()).limit(count)
    if filters.owner is not None:
        query = query.where(wallets.c.owner == filters.owner)
    if filters.currency is not None:
        query = query.where(wallets.c.currency == filters.currency)
    if filters.status is not None:
        words = [s.value for s in AccountStatus if wallet_status(s) == filters.status]
        query = query.where(accounts.c.status.in_(words))
        if AccountStatus.OPEN.value not in words:
            query = query.where(sa.text("accounts.status <> 'open'"))  # so that the index answers
    for name, value in filters.metadata.items():
        query = query.where(holds_member(sa.cast(wallets.c.metadata, JSONB), name, value))
    if before is not None:
        query = query.where(wallets.c.id < chart.wallet(before))
    async with engine.connect() as connection:
        return [_view(row) for row in await connection.execute(query)]


async def list_entries(
    engine: AsyncEngine,
    wallet_id: int,
    before: int | None,
    count: int,
    filters: EntryFilters = ALL,
) -> Sequence[EntryView]:
    """Entries newest first. Raises 404 `wallet_not_found`."""
    account_id = chart.wallet(wallet_id)
    async with engine.connect() as connection:
        found = await connection.execute(
            sa.select(wallets.c.currency).where(wallets.c.id == account_id)
        )
        code = found.scalar_one_or_none()
        if code is None:
            raise WalletNotFound
        return await entries.list_entries(connection, account_id, code, before, count, filters)


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
