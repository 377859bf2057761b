"""Reads of transactions: one by its id, and lists that an index answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.apikeys.tables import api_clients, api_keys
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.free_json import EMPTY, JsonObject
from payments.kernel.money import CURRENCY_BY_NUMBER, format_minor
from payments.kernel.words import kind_of_operation
from payments.ledger.chart import address_of
from payments.ledger.tables import accounts, entries
from payments.operations.tables import operations, transactions
from payments.transactions.create import PostingView
from payments.transactions.search import Search, conditions
from payments.transactions.tables import transaction_changes
from payments.transfers.tables import transfers

YEARS: Final = (1970, 9998)
"""The ends of the calendar overflow when a time is turned into UTC."""


class TransactionNotFound(NotFound):
    """There is no such transaction."""

    code = "transaction_not_found"


class TransactionView(msgspec.Struct, frozen=True, kw_only=True):
    """What moved money, whatever surface it came through."""

    transaction_id: UUID
    operation_id: UUID
    kind: Annotated[str, kind_of_operation()]
    client: str
    postings: list[PostingView]
    reference: str
    description: str
    metadata: JsonObject
    effective_at: str | None
    created_at: str
    reversed: bool
    reversed_by: UUID | None
    reversal_of: UUID | None


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the metadata: what it was and what it became."""

    change: int
    client: str
    changed_at: str
    before: JsonObject
    after: JsonObject


class Position(NamedTuple):
    """Where a page ends: in a list of one account by its entries, else by time and id."""

    created_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    id: UUID | None = None
    seq: int | None = None


_CLIENT: Final = sa.func.coalesce(
    sa.select(api_clients.c.name)
    .where(api_clients.c.actor == transactions.c.actor)
    .correlate(transactions)
    .scalar_subquery(),
    sa.select(api_keys.c.name)
    .where(sa.literal("key:") + api_keys.c.id == transactions.c.actor)
    .correlate(transactions)
    .scalar_subquery(),
    transactions.c.actor,
)
_DESCRIPTION: Final = sa.func.coalesce(
    transactions.c.description,
    sa.select(transfers.c.description)
    .where(transfers.c.id == transactions.c.id)
    .correlate(transactions)
    .scalar_subquery(),
    sa.select(operations.c.result["description"].as_string())
    .where(operations.c.id == transactions.c.operation_id)
    .correlate(transactions)
    .scalar_subquery(),
    "",
)
_IS_REVERSED: Final = sa.or_(
    transactions.c.reversed_by.is_not(None),
    sa.exists().where(
        transfers.c.id == transactions.c.id, transfers.c.reversed_minor == transfers.c.minor
    ),
)
_COLUMNS: Final = (
    *(c for c in transactions.c if c.name != "metadata"),
    sa.cast(transactions.c.metadata, sa.Text).label("metadata_"),
    _CLIENT.label("client"),
    _DESCRIPTION.label("text"),
    _IS_REVERSED.label("is_reversed"),
)


async def get_transaction(engine: AsyncEngine, id_: UUID | None) -> TransactionView:
    """The transaction of this id, or the one of the operation of this id.

    Raises 404 `transaction_not_found`.
    """
    by_operation = sa.and_(
        transactions.c.operation_id == id_, transactions.c.operation_id != transactions.c.id
    )
    query = sa.select(*_COLUMNS).where(sa.or_(transactions.c.id == id_, by_operation)).limit(1)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
        views = await _views(connection, rows)
    if not views:
        raise TransactionNotFound
    return views[0]


async def list_history(
    engine: AsyncEngine, id_: UUID, before: int | None, count: int
) -> Sequence[ChangeView]:
    """Changes of the metadata, newest first."""
    c = transaction_changes.c
    query = (
        sa.select(
            c.change,
            c.actor,
            c.changed_at,
            sa.cast(c.metadata_before, sa.Text),
            sa.cast(c.metadata_after, sa.Text),
        )
        .where(c.transaction_id == id_)
        .order_by(c.change.desc())
        .limit(count)
    )
    if before is not None:
        query = query.where(c.change < before)
    async with engine.connect() as connection:
        return [
            ChangeView(
                change=row.change,
                client=row.actor.removeprefix("client:"),
                changed_at=rfc3339(row.changed_at),
                before=msgspec.Raw(row.metadata_before.encode()),
                after=msgspec.Raw(row.metadata_after.encode()),
            )
            for row in await connection.execute(query)
        ]


def is_of(position: Position, search: Search) -> bool:
    """True when a list of this search gives such positions."""
    if _is_one(search):
        return position.seq is not None
    moment = position.created_at
    return position.id is not None and moment is not None and YEARS[0] <= moment.year <= YEARS[1]


async def list_transactions(
    engine: AsyncEngine, search: Search, after: Position | None, count: int
) -> list[tuple[TransactionView, Position]]:
    """Newest first, each with the position after which the next page begins."""
    async with engine.connect() as connection:
        query = _of_account(search, after) if _is_one(search) else _of_all(search, after)
        rows = (await connection.execute(query.limit(count))).all()
        views = await _views(connection, rows)
    positions = [
        Position(seq=row.seq) if _is_one(search) else Position(row.created_at, row.id)
        for row in rows
    ]
    return list(zip(views, positions, strict=True))


def _is_one(search: Search) -> bool:
    return search.account_ids is not None and len(search.account_ids) == 1


def _of_all(search: Search, after: Position | None) -> sa.Select[Any]:
    query = sa.select(*_COLUMNS).where(*conditions(search))
    if search.account_ids is not None:
        query = query.where(transactions.c.id.in_(_ids_of(search.account_ids)))
    if after is not None:
        key = sa.tuple_(transactions.c.created_at, transactions.c.id)
        query = query.where(key < sa.tuple_(after.created_at, after.id))
    return query.order_by(transactions.c.created_at.desc(), transactions.c.id.desc())


def _ids_of(account_ids: Sequence[int]) -> sa.CompoundSelect[Any]:
    """Of the transactions that moved these accounts, by both indexes: few ids are not the
    operation's.
    """
    ids = sa.select(entries.c.operation_id).where(entries.c.account_id.in_(account_ids))
    other = transactions.alias("other")
    derived = (
        sa.select(other.c.id)
        .select_from(entries)
        .join(other, other.c.operation_id == entries.c.operation_id)
        .where(entries.c.account_id.in_(account_ids), other.c.operation_id != other.c.id)
    )
    return sa.union_all(ids, derived)


def _of_account(search: Search, after: Position | None) -> sa.Select[Any]:
    """By the account's entries, newest first; several of one operation stand side by side."""
    assert search.account_ids is not None, "asked for one account"
    later = entries.alias("later")
    again = sa.exists().where(
        later.c.account_id == entries.c.account_id,
        later.c.seq == entries.c.seq + 1,
        later.c.operation_id == entries.c.operation_id,
    )
    own = transactions.c.id == entries.c.operation_id
    derived = sa.and_(
        transactions.c.operation_id == entries.c.operation_id,
        transactions.c.operation_id != transactions.c.id,
    )
    query = (
        sa.select(*_COLUMNS, entries.c.seq)
        .select_from(entries)
        .join(transactions, sa.or_(own, derived))
        .where(entries.c.account_id == search.account_ids[0], ~again, *conditions(search))
        .order_by(entries.c.seq.desc())
    )
    return query if after is None else query.where(entries.c.seq < after.seq)


async def _views(connection: AsyncConnection, rows: Sequence[sa.Row[Any]]) -> list[TransactionView]:
    ids = {id_ for row in rows for posting in row.postings for id_ in posting[:2]}
    addresses: dict[int, str] = {}
    if ids:
        codes = sa.select(accounts.c.id, accounts.c.code).where(accounts.c.id.in_(ids))
        addresses = {r.id: address_of(r.id, r.code) for r in await connection.execute(codes)}
    return [_view(row, addresses) for row in rows]


def _view(row: sa.Row[Any], addresses: dict[int, str]) -> TransactionView:
    return TransactionView(
        transaction_id=row.id,
        operation_id=row.operation_id,
        kind=row.kind,
        client=row.client.removeprefix("client:"),
        postings=[_posting(addresses, *posting) for posting in row.postings],
        reference=row.reference or "",
        description=row.text,
        metadata=EMPTY if row.metadata_ is None else msgspec.Raw(row.metadata_.encode()),
        effective_at=None if row.effective_at is None else rfc3339(row.effective_at),
        created_at=rfc3339(row.created_at),
        reversed=row.is_reversed,
        reversed_by=row.reversed_by,
        reversal_of=row.reversal_of,
    )


def _posting(
    addresses: dict[int, str], source: int, destination: int, minor: int, number: int
) -> PostingView:
    currency = CURRENCY_BY_NUMBER[number]
    return PostingView(
        source=addresses[source],
        destination=addresses[destination],
        amount=format_minor(minor, currency),
        currency=currency.code,
    )
