"""Reads of transactions: one by its id, and lists that an index answers."""

import heapq
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.apikeys.tables import api_clients, api_keys
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.free_json import EMPTY, JsonObject
from payments.kernel.money import CURRENCY_BY_NUMBER, format_minor
from payments.kernel.words import kind_of_operation
from payments.ledger.chart import address_of
from payments.ledger.tables import accounts
from payments.operations.tables import operations, transactions
from payments.reads.of_operation import is_of_operation
from payments.reads.rare import are_few, touches
from payments.transactions.create import PostingView
from payments.transactions.search import Search, conditions, has_amount, has_size, has_traits
from payments.transactions.tables import transaction_changes
from payments.transactions.walks import (
    Mark,
    Seqs,
    by_amount,
    by_other_amount,
    by_traits,
    is_rare,
    of_accounts,
    with_metadata,
)
from payments.transfers.tables import transfers

YEARS: Final = (1970, 9998)
"""The ends of the calendar overflow when a time is turned into UTC."""
BIGINT: Final = range(2**63)


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
    """Where a page ends: in a list of accounts by their entries, else by time and id."""

    created_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    id: UUID | None = None
    seqs: Seqs | None = None


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
# A scalar subquery: PostgreSQL would read a whole table once for `EXISTS`.
_IS_REVERSED: Final = sa.or_(
    transactions.c.reversed_by.is_not(None),
    sa.func.coalesce(
        sa.select(transfers.c.reversed_minor == transfers.c.minor)
        .where(transfers.c.id == transactions.c.id)
        .correlate(transactions)
        .scalar_subquery(),
        sa.false(),
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
    query = sa.select(*_COLUMNS).where(is_of_operation(id_)).limit(1)
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
    if position.seqs is not None:
        places = range(0 if search.account_ids is None else len(search.account_ids))
        return all(place in places and seq in BIGINT for place, seq in position.seqs)
    is_timed = position.created_at is not None and position.created_at.year in range(*YEARS)
    has_common = {search.reference, search.kind} != {None}
    return is_timed and (search.account_ids is None or has_common)


async def list_transactions(
    engine: AsyncEngine, search: Search, after: Position | None, count: int
) -> list[tuple[TransactionView, Position]]:
    """Newest first, each with the position after which the next page begins."""
    async with engine.connect() as connection:
        if await _is_walked(connection, search, after):
            return await _of_accounts(connection, search, after, count)
        rows = (await connection.execute(await _of_all(connection, search, after, count))).all()
        views = await _views(connection, rows)
    return [(view, Position(row.created_at, row.id)) for view, row in zip(views, rows, strict=True)]


async def _is_walked(connection: AsyncConnection, search: Search, after: Position | None) -> bool:
    """Whether accounts' entries are walked; few transactions of a kind or reference are read
    instead. A list stays what its first page was.
    """
    if search.account_ids is None:
        return False
    if after is not None:
        return after.seqs is not None
    return not await are_few(connection, search.reference, search.kind)


async def _of_accounts(
    connection: AsyncConnection, search: Search, after: Position | None, count: int
) -> list[tuple[TransactionView, Position]]:
    page = await of_accounts(connection, search, None if after is None else after.seqs, count)
    ids = sa.cast([id_ for id_, _ in page], ARRAY(sa.Uuid))
    query = sa.select(*_COLUMNS).where(transactions.c.id == sa.any_(ids))
    rows = (await connection.execute(query)).all()
    views = {view.transaction_id: view for view in await _views(connection, rows)}
    return [(views[id_], Position(seqs=seqs)) for id_, seqs in page]


async def _of_all(
    connection: AsyncConnection, search: Search, after: Position | None, count: int
) -> sa.Select[Any]:
    t = transactions.c
    key = None
    if after is not None and after.created_at is not None and after.id is not None:
        key = (after.created_at, after.id)
    query = sa.select(*_COLUMNS).order_by(t.created_at.desc(), t.id.desc()).limit(count)
    walks = await _walks(connection, search, key, count)
    if walks:
        # In two steps: of a join the planner would guess how many rows have an id.
        found = (await connection.execute(sa.union_all(*walks))).all()
        newest = heapq.nlargest(count, {(row.created_at, row.id) for row in found})
        return query.where(t.id == sa.any_(sa.cast([id_ for _, id_ in newest], ARRAY(sa.Uuid))))
    query = query.where(*conditions(search))
    ids = await with_metadata(connection, search) if search.metadata else None
    if ids is not None:
        query = query.where(t.id == sa.any_(sa.cast(ids, ARRAY(sa.Uuid))))
    if search.account_ids is not None:
        query = query.where(touches(search.account_ids))
    if key is not None:
        query = query.where(sa.tuple_(t.created_at, t.id) < sa.tuple_(*key))
    return query


async def _walks(
    connection: AsyncConnection, search: Search, after: Mark, count: int
) -> list[sa.Select[Any]]:
    """What finds the page, each part no further than the page; nothing where the filters do."""
    walks: list[sa.Select[Any]] = []
    is_of_amount = has_amount(search) and search.account_ids is None and not search.metadata
    is_sized = is_of_amount and has_size(search)
    if has_traits(search) and not (is_sized and await is_rare(connection, search, transactions)):
        walks += by_traits(search, after, count)
    elif is_of_amount:
        walks += by_amount(search, after, count)
    if is_of_amount:
        walks += await by_other_amount(connection, search, after, count)
    return walks


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
