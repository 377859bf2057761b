"""Which transactions stand on a page of a list, each found by walking an index newest first.

Lists of several accounts merge the accounts' entries, no further than the page goes. Lists by
amount merge the transactions whose first posting has it with those that have it in another.
"""

import heapq
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.ledger.tables import entries
from payments.operations.tables import transaction_amounts, transactions
from payments.transactions.search import Search, conditions, posting_of

Seqs = tuple[tuple[int, int], ...]
"""Before which entry of which account (by its place among those asked for) a page begins."""

IS_OF_ENTRY: Final = sa.or_(
    transactions.c.id == entries.c.operation_id,
    sa.and_(
        transactions.c.operation_id == entries.c.operation_id,
        transactions.c.operation_id != transactions.c.id,
    ),
)
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
        .select_from(entries)
        .join(transactions, IS_OF_ENTRY)
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


def by_amount(search: Search, after: tuple[Any, UUID] | None, count: int) -> sa.CompoundSelect[Any]:
    """Ids and times of both walks; each goes as far as the page may take of it."""
    t, a = transactions.c, transaction_amounts.c
    first = sa.select(t.id, t.created_at).where(
        posting_of(search, transactions), *conditions(search, with_amount=False)
    )
    other = (
        sa.select(a.transaction_id.label("id"), a.created_at)
        .join(transactions, t.id == a.transaction_id)
        .where(posting_of(search, transaction_amounts), *conditions(search, with_amount=False))
        .distinct()
    )
    walks = []
    for query, created_at, id_ in (
        (first, t.created_at, t.id),
        (other, a.created_at, a.transaction_id),
    ):
        rest = (
            query if after is None else query.where(sa.tuple_(created_at, id_) < sa.tuple_(*after))
        )
        page = rest.order_by(created_at.desc(), id_.desc()).limit(count)
        walks.append(sa.select(*page.subquery().c))
    return sa.union(*walks)
