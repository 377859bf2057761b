"""What a list of transactions is narrowed by, as conditions that an index answers."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.apikeys.tables import api_clients, api_keys
from payments.kernel.money import CURRENCIES, Currency
from payments.operations.tables import transaction_amounts, transactions
from payments.reads.members import holds_member

_JSONB: Final = sa.cast(transactions.c.metadata, JSONB)


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """Filters; None where there is none. Amounts are in major units."""

    account_ids: tuple[int, ...] | None = None
    kind: str | None = None
    actors: tuple[str, ...] | None = None
    reference: str | None = None
    currency: str | None = None
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None
    metadata: Mapping[str, str] = {}


def conditions(search: Search, *, with_amount: bool = True) -> Iterator[sa.ColumnElement[bool]]:
    """Everything but the accounts: these are found by their entries."""
    t = transactions.c
    if search.kind is not None:
        yield t.kind == search.kind
    if search.actors is not None:
        yield t.actor.in_(search.actors)
    if search.reference is not None:
        yield t.reference == search.reference
    if search.since is not None:
        yield t.created_at >= search.since
    if search.until is not None:
        yield t.created_at < search.until
    if with_amount and has_amount(search):
        yield _amount(search)
    for name, value in search.metadata.items():
        yield t.metadata.is_not(None)
        yield holds_member(_JSONB, name, value)


async def actors_of(engine: AsyncEngine, client: str) -> tuple[str, ...]:
    """How operations name a client: its own name, keys of 0.1.0, or an actor without keys.

    Looked up first: only for names that it knows does the planner take the index.
    """
    own = sa.select(api_clients.c.actor).where(api_clients.c.name == client)
    keys = sa.select(sa.literal("key:") + api_keys.c.id).where(
        api_keys.c.name == client, api_keys.c.was_caller
    )
    query = sa.select(sa.union_all(own, keys, sa.select(sa.literal(client))).subquery().c[0])
    async with engine.connect() as connection:
        return tuple((await connection.execute(query)).scalars())


def has_amount(search: Search) -> bool:
    """True when the search names a currency or a size."""
    return search.currency is not None or has_size(search)


def has_size(search: Search) -> bool:
    """True when the search names a size."""
    return search.min_amount is not None or search.max_amount is not None


def has_traits(search: Search) -> bool:
    """True when times are to be walked that have a kind, a caller or a currency.

    A reference and metadata have indexes of their own.
    """
    if search.reference is not None or search.metadata:
        return False
    has_currency = search.currency is not None and search.account_ids is None
    return search.kind is not None or search.actors is not None or has_currency


def _amount(search: Search) -> sa.ColumnElement[bool]:
    """A posting of that currency and size: the first, or one of those beside it.

    A scalar subquery: PostgreSQL would read a whole table once for `EXISTS`.
    """
    other = (
        sa.select(sa.true())
        .where(
            transaction_amounts.c.transaction_id == transactions.c.id,
            posting_of(search, transaction_amounts),
        )
        .limit(1)
        .correlate(transactions)
        .scalar_subquery()
    )
    return sa.or_(posting_of(search, transactions), other)


def posting_of(search: Search, table: sa.Table) -> sa.ColumnElement[bool]:
    """Amounts are kept in minor units, so they are compared among currencies of one exponent."""
    currency = table.c.currency_number if table is transactions else table.c.currency
    code = search.currency
    if code is not None:
        return _of_exponent(search, currency, table.c.minor, [CURRENCIES[code]])
    by_exponent: dict[int, list[Currency]] = {}
    for one in CURRENCIES.values():
        by_exponent.setdefault(one.exponent, []).append(one)
    groups = by_exponent.values()
    return sa.or_(*(_of_exponent(search, currency, table.c.minor, group) for group in groups))


def _of_exponent(
    search: Search, currency: sa.Column[Any], minor: sa.Column[Any], group: list[Currency]
) -> sa.ColumnElement[bool]:
    numbers = [one.number for one in group]
    parts: list[sa.ColumnElement[bool]] = [
        currency == numbers[0] if len(numbers) == 1 else currency.in_(numbers)
    ]
    scale = group[0].scale
    if search.min_amount is not None:
        least = int((search.min_amount * scale).to_integral_value(ROUND_CEILING))
        parts.append(minor >= min(least, 2**63 - 1))
    if search.max_amount is not None:
        most = int((search.max_amount * scale).to_integral_value(ROUND_FLOOR))
        parts.append(minor <= min(most, 2**63 - 1))
    return sa.and_(*parts)
