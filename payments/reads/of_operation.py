"""Transactions by the ids of their operations.

The id of a transaction follows from its operation (`payments.kernel.ids.sortable_id`), so that no
index on all transactions is needed. Those of 0.1.0 that have another id stand in `transactions`
itself, whose index covers them.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from payments.operations.tables import operations, transactions


def is_of_operation(id_: UUID | None) -> sa.ColumnElement[bool]:
    """The transaction has this id, or its operation has."""
    return transactions.c.id == sa.any_(_ids(sa.literal(id_, sa.Uuid), None))


def join_transactions(
    rows: sa.FromClause, operation_id: sa.Column[UUID], *, is_outer: bool = False
) -> sa.FromClause:
    """The rows, each with the transaction of its operation.

    `OFFSET 0`: else the ids are made for each of the two tables.
    """
    table = operation_id.table
    ids = sa.select(_ids(operation_id, table).label("ids")).correlate(table).offset(0)
    made = ids.lateral("made")
    is_its_own = transactions.c.id == sa.any_(made.c.ids)
    return rows.join(made, sa.true()).join(transactions, is_its_own, isouter=is_outer)


def _ids(operation_id: sa.ColumnElement[UUID], table: sa.FromClause | None) -> Any:
    own = transactions.alias("own")
    stored = (
        sa.select(own.c.id)
        .with_hint(own, "ONLY", "postgresql")
        .where(own.c.operation_id == operation_id, own.c.operation_id != own.c.id)
        .limit(1)
        .correlate(table)
    )
    decided = operations.alias("decided")
    follows = (
        sa.select(sa.func.sortable_id(decided.c.id, decided.c.decided_at, type_=sa.Uuid))
        .where(decided.c.id == operation_id)
        .correlate(table)
    )
    return array([operation_id, stored.scalar_subquery(), follows.scalar_subquery()])
