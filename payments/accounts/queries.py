"""Reads of named house accounts: a row and the counters of its ledger account."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.accounts.tables import house_accounts
from payments.kernel.clock import rfc3339
from payments.kernel.errors import InvalidRequest, NotFound
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger.at_a_time import TIMES, balance_at
from payments.ledger.tables import accounts


class AccountNotFound(NotFound):
    """There is no such house account."""

    code = "account_not_found"


class CurrencyNeeded(InvalidRequest):
    """The name exists in several currencies: say which, ?currency=RUB."""

    status = 422
    code = "currency_needed"


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """A house account and its balance, which may stand below zero when it is allowed to."""

    account: str
    currency: str
    allow_negative: bool
    balance: str
    created_at: str
    at: str | msgspec.UnsetType = msgspec.UNSET
    time: Annotated[str, one_of(TIMES)] | msgspec.UnsetType = msgspec.UNSET


def _accounts() -> sa.Select[Any]:
    balance = (accounts.c.credits_posted - accounts.c.debits_posted).label("balance")
    return sa.select(house_accounts, balance).join(accounts, accounts.c.id == house_accounts.c.id)


async def find_account(
    engine: AsyncEngine, name: str, currency: str | None
) -> tuple[int, AccountView]:
    """Its number and what it is. Raises 404 `account_not_found`, 422 `currency_needed`."""
    query = _accounts().where(house_accounts.c.name == name)
    if currency is not None:
        query = query.where(house_accounts.c.currency == currency)
    async with engine.connect() as connection:
        rows = (await connection.execute(query.limit(2))).all()
    if not rows:
        raise AccountNotFound
    if len(rows) > 1:
        raise CurrencyNeeded
    return rows[0].id, _view(rows[0])


async def account_at(
    engine: AsyncEngine,
    id_: int,
    account: AccountView,
    at: datetime,
    now: datetime,
    *,
    is_effective: bool = False,
) -> AccountView:
    """The account with its balance at a time that is not in the future."""
    minor = await balance_at(engine, AccountId(id_), at, now, is_effective=is_effective)
    return msgspec.structs.replace(
        account,
        balance=format_minor(minor, currency_of(account.currency)),
        at=rfc3339(at),
        time="effective" if is_effective else "recorded",
    )


async def list_accounts(
    engine: AsyncEngine, currency: str | None, after: int | None, count: int
) -> Sequence[tuple[AccountView, int]]:
    """Newest first, each with its number, after which the next page begins."""
    key = (house_accounts.c.created_at, house_accounts.c.id)
    query = _accounts().order_by(*(c.desc() for c in key)).limit(count)
    if currency is not None:
        query = query.where(house_accounts.c.currency == currency)
    if after is not None:
        last = sa.select(*key).where(house_accounts.c.id == after).subquery()
        query = query.where(sa.tuple_(*key) < sa.select(*last.c).scalar_subquery())
    async with engine.connect() as connection:
        rows = await connection.execute(query)
        return [(_view(row), row.id) for row in rows]


async def accounts_named(engine: AsyncEngine, name: str) -> Sequence[int]:
    """The numbers of the accounts of a name, in whatever currency."""
    query = sa.select(house_accounts.c.id).where(house_accounts.c.name == name)
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalars().all()


def _view(row: sa.Row[Any]) -> AccountView:
    return AccountView(
        account=row.name,
        currency=row.currency,
        allow_negative=row.allow_negative,
        balance=format_minor(row.balance, currency_of(row.currency)),
        created_at=rfc3339(row.created_at),
    )
