"""Finding an account's entries from the other end: by what few transactions have in common.

An account may have millions of entries. A binary search finds those of a time; those of a
reference or a kind are found by its transactions when there are few.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.kernel.sql import load_sql
from payments.operations.tables import transaction_traits, transactions

FEW: Final = 1000
_LAST_BEFORE: Final = load_sql(__file__, "last_seq_before")
_SEQS_OF: Final = load_sql(__file__, "seqs_of_operations")
_TOUCHES: Final = (
    "EXISTS (SELECT FROM json_array_elements(transactions.postings) AS p (posting)"
    " WHERE (p.posting ->> 0)::bigint = ANY(:account_ids)"
    " OR (p.posting ->> 1)::bigint = ANY(:account_ids))"
)


def in_common(reference: str | None, kind: str | None) -> list[sa.ColumnElement[bool]]:
    """What transactions have in common, each condition answered by an index."""
    conditions = []
    if reference is not None:
        conditions.append(transactions.c.reference == reference)
    if kind is not None:
        conditions.append(transactions.c.kind == kind)
        if reference is None:
            times = sa.select(transaction_traits.c.created_at).where(_is_of(kind))
            conditions.append(
                transactions.c.created_at == sa.any_(sa.func.array(times.scalar_subquery()))
            )
    return conditions


def _is_of(kind: str) -> sa.ColumnElement[bool]:
    return transaction_traits.c.trait == f"kind:{kind}"


async def are_few(connection: AsyncConnection, reference: str | None, kind: str | None) -> bool:
    """True when at most `FEW` transactions have this reference, or without one this kind."""
    if reference is None and kind is None:
        return False
    some = sa.select(sa.literal(1)).limit(FEW + 1)
    if reference is not None:
        some = some.where(transactions.c.reference == reference)
    elif kind is not None:
        some = some.select_from(_some_of(kind))
    count = sa.select(sa.func.count()).select_from(some.subquery())
    number: int = (await connection.execute(count)).scalar_one()
    return number <= FEW


def _some_of(kind: str) -> sa.FromClause:
    """Transactions of the kind by the times that have some, in the order of these."""
    c = transaction_traits.c
    times = sa.select(c.created_at).where(_is_of(kind)).distinct()
    time = times.order_by(c.created_at).limit(FEW + 1).subquery("time")
    rows = sa.select(sa.literal(1)).where(
        transactions.c.created_at == time.c.created_at, transactions.c.kind == kind
    )
    return time.join(rows.limit(FEW + 1).lateral(), sa.true())


def touches(account_ids: Sequence[int]) -> sa.ColumnElement[bool]:
    """A posting of the transaction is of one of these accounts."""
    ids = sa.bindparam("account_ids", list(account_ids), type_=ARRAY(sa.BigInteger))
    return sa.text(_TOUCHES).bindparams(ids)  # type: ignore[return-value] # a condition


async def seqs_of(
    connection: AsyncConnection, account_id: int, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[int]:
    """The numbers of an account's entries, of few transactions."""
    c = transactions.c
    query = sa.select(c.operation_id, c.created_at).where(*conditions, touches([account_id]))
    rows = (await connection.execute(query)).all()
    ids, times = [row.operation_id for row in rows], [row.created_at for row in rows]
    numbers = await connection.exec_driver_sql(_SEQS_OF, (account_id, ids, times))
    return list(numbers.scalars())


async def last_seq_before(connection: AsyncConnection, account_id: int, moment: datetime) -> int:
    """The number of the account's last entry before a time, 0 when there is none."""
    result = await connection.exec_driver_sql(_LAST_BEFORE, (account_id, moment))
    return result.scalar_one_or_none() or 0
