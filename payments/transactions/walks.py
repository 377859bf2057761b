"""Which transactions stand on a page of a list, each found by walking an index newest first.

Lists of several accounts merge the accounts' entries, no further than the page goes. Lists by
amount merge the transactions whose first posting has it with those that have it in another.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.money import CURRENCIES
from payments.ledger.tables import entries
from payments.operations.tables import transaction_amounts, transaction_traits, transactions
from payments.reads.of_operation import join_transactions
from payments.reads.rare import FEW, touches
from payments.transactions.search import Search, conditions, has_size, has_traits, posting_of

Mark = tuple[datetime, UUID] | None
"""The last transaction of the page before."""
Seqs = tuple[tuple[int, int], ...]
"""Before which entry of which account (by its place among those asked for) a page begins."""

_LARGEST: Final = 2**63 - 1
# A transaction of several of the accounts stands in the list of the lowest one only.
_LOWEST: Final = (
    "(SELECT min(x) FROM json_array_elements(transactions.postings) AS p (posting),"
    " unnest(ARRAY[(p.posting ->> 0)::bigint, (p.posting ->> 1)::bigint]) AS x"
    " WHERE x = ANY(:account_ids)) = start.account_id"
)


def is_last_of_operation() -> sa.ColumnElement[bool]:
    """Entries of one operation stand side by side in an account; the last stands for all."""
    later = entries.alias("later")
    return ~sa.exists().where(
        later.c.account_id == entries.c.account_id,
        later.c.seq == entries.c.seq + 1,
        later.c.operation_id == entries.c.operation_id,
    )


async def of_accounts(
    connection: AsyncConnection, search: Search, after: Seqs | None, count: int
) -> list[tuple[UUID, Seqs]]:
    """Ids, newest first, each with where the next page begins after it."""
    ids = search.account_ids or ()
    begins = dict(after) if after is not None else dict.fromkeys(range(len(ids)), _LARGEST)
    if not begins:
        return []
    rows = (await connection.execute(_heads(search, ids, begins, count))).all()
    walks: dict[int, list[sa.Row[Any]]] = {}
    for row in rows:
        walks.setdefault(row.place, []).append(row)
    # An account without further entries is not asked again.
    left = {place: begins[place] for place in walks}
    page = []
    newest_first = heapq.merge(*walks.values(), key=lambda r: (r.created_at, r.id), reverse=True)
    for row in newest_first:
        left[row.place] = row.seq
        page.append((row.id, tuple(left.items())))
        if len(page) == count:
            break
    return page


def _heads(
    search: Search, ids: Sequence[int], begins: dict[int, int], count: int
) -> sa.Select[Any]:
    """Of each account as many as the page may take."""
    places = list(begins)
    start = sa.func.unnest(
        _bigints(places), _bigints(ids[p] for p in places), _bigints(begins[p] for p in places)
    ).table_valued("place", "account_id", "before")
    start = start.render_derived(name="start")
    all_ids = sa.bindparam("account_ids", list(ids), type_=ARRAY(sa.BigInteger))
    head = (
        sa.select(entries.c.seq, transactions.c.id, transactions.c.created_at)
        .select_from(join_transactions(entries, entries.c.operation_id))
        .where(
            entries.c.account_id == start.c.account_id,
            entries.c.seq < start.c.before,
            is_last_of_operation(),
            sa.text(_LOWEST).bindparams(all_ids),
            *conditions(search),
        )
        .order_by(entries.c.seq.desc())
        .limit(count)
        .lateral("head")
    )
    return sa.select(start.c.place, head.c.seq, head.c.id, head.c.created_at).select_from(
        start.join(head, sa.true())
    )


def _bigints(numbers: Iterable[int]) -> sa.ColumnElement[Any]:
    return sa.cast(list(numbers), ARRAY(sa.BigInteger))


def by_traits(search: Search, after: Mark, count: int) -> list[sa.Select[Any]]:
    """Ids and times of transactions of a kind, callers and a currency: a walk for each caller."""
    t = transactions.c
    own = list(conditions(search, with_amount=search.account_ids is not None))
    if search.account_ids is not None:
        own.append(touches(search.account_ids))
    elif has_size(search):
        own.append(posting_of(search, transactions))
    rows = sa.select(t.id, t.created_at).where(*own)
    currency = None if search.account_ids is not None else search.currency
    return [
        _walk(rows, t.created_at, traits, (search, after, count))
        for traits in _traits(search, currency)
    ]


def _walk(
    rows: sa.Select[Any],
    created_at: sa.Column[datetime],
    traits: Sequence[str],
    page: tuple[Search, Mark, int],
) -> sa.Select[Any]:
    """From time to time that has all the traits, no further than the page.

    `OFFSET 0`: else the planner may read other times as well.
    """
    search, after, count = page
    shared = transaction_traits.c
    times = sa.select(shared.created_at).where(shared.trait == traits[0])
    for trait in traits[1:]:
        also = transaction_traits.alias().c
        times = times.where(
            sa.exists().where(also.trait == trait, also.created_at == shared.created_at)
        )
    if search.since is not None:
        times = times.where(shared.created_at >= search.since)
    if search.until is not None:
        times = times.where(shared.created_at < search.until)
    rows = rows.where(*(_has(trait) for trait in traits))
    if after is not None:
        times = times.where(shared.created_at <= after[0])
        id_ = rows.selected_columns[0]
        rows = rows.where(sa.tuple_(created_at, id_) < sa.tuple_(*after))
    time = times.distinct().order_by(shared.created_at.desc()).subquery("time")
    row = rows.where(created_at == time.c.created_at).offset(0).lateral("row")
    walk = sa.select(row.c.id, row.c.created_at).select_from(time.join(row, sa.true()))
    return walk.order_by(time.c.created_at.desc(), row.c.id.desc()).limit(count)


def _traits(search: Search, currency: str | None) -> Iterator[list[str]]:
    """What the transactions of each walk share; of several callers each has a walk."""
    shared = [] if search.kind is None else [f"kind:{search.kind}"]
    if currency is not None:
        shared.append(f"currency:{CURRENCIES[currency].number}")
    if search.actors is None:
        yield shared
    else:
        yield from ([f"actor:{actor}", *shared] for actor in search.actors)


def _has(trait: str) -> sa.ColumnElement[bool]:
    """The condition on a transaction; the times have some that meet it."""
    t = transactions.c
    name, _, value = trait.partition(":")
    if name == "currency":
        return t.currency_number == int(value)
    return (t.kind if name == "kind" else t.actor) == value


async def is_rare(connection: AsyncConnection, search: Search, table: sa.Table) -> bool:
    """True when few postings that the table has are of the amount: these are read instead."""
    currency = table.c.currency_number if table is transactions else table.c.currency
    some = (
        sa.select(sa.literal(1))
        .where(posting_of(search, table))
        .order_by(currency, table.c.minor)  # so that it is the index that answers
        .limit(FEW + 1)
    )
    count = sa.select(sa.func.count()).select_from(some.subquery())
    number: int = (await connection.execute(count)).scalar_one()
    return number <= FEW


async def with_metadata(connection: AsyncConnection, search: Search) -> Sequence[UUID] | None:
    """Which transactions have these members; None when there are many.

    Looked up first: how many have a member the planner can but guess.
    """
    some = sa.select(transactions.c.id).where(*conditions(Search(metadata=search.metadata)))
    ids = (await connection.execute(some.limit(FEW + 1))).scalars().all()
    return None if len(ids) > FEW else ids


def by_amount(search: Search, after: Mark, count: int) -> list[sa.Select[Any]]:
    """Ids and times of transactions whose first posting has the amount."""
    t = transactions.c
    first = sa.select(t.id, t.created_at).where(
        posting_of(search, transactions), *conditions(search, with_amount=False)
    )
    return [_page(first, t.created_at, t.id, after, count)]


async def by_other_amount(
    connection: AsyncConnection, search: Search, after: Mark, count: int
) -> list[sa.Select[Any]]:
    """The same of those in which another posting has it."""
    t, a = transactions.c, transaction_amounts.c
    other = (
        sa.select(a.transaction_id.label("id"), a.created_at)
        .join(transactions, t.id == a.transaction_id)
        .where(posting_of(search, transaction_amounts), *conditions(search, with_amount=False))
        .distinct()
    )
    is_walked = has_traits(msgspec.structs.replace(search, currency=None))
    if not is_walked or await is_rare(connection, search, transaction_amounts):
        return [_page(other, a.created_at, a.transaction_id, after, count)]
    return [
        _walk(other, a.created_at, traits, (search, after, count))
        for traits in _traits(search, None)
    ]


def _page(
    query: sa.Select[Any],
    created_at: sa.Column[datetime],
    id_: sa.Column[UUID],
    after: Mark,
    count: int,
) -> sa.Select[Any]:
    if after is not None:
        query = query.where(sa.tuple_(created_at, id_) < sa.tuple_(*after))
    return query.order_by(created_at.desc(), id_.desc()).limit(count)
