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
    literal = sa.literal(id_, sa.Uuid)
    decided_at = sa.select(operations.c.decided_at).where(operations.c.id == literal)
    ids = _ids(literal, decided_at.correlate(None).scalar_subquery(), None)
    return transactions.c.id == sa.any_(ids)


def join_transactions(
    rows: sa.FromClause, operation_id: sa.Column[UUID], *, is_outer: bool = False
) -> sa.FromClause:
    """The rows, each with its operation, where that is stored, and with the transaction of it.

    `OFFSET 0`: else the ids are made for each of the two tables of transactions.
    """
    tables = (operation_id.table, operations)
    ids = sa.select(_ids(operation_id, operations.c.decided_at, operation_id.table).label("ids"))
    made = ids.correlate(*tables).offset(0).lateral("made")
    is_its_own = transactions.c.id == sa.any_(made.c.ids)
    with_operations = rows.outerjoin(operations, operations.c.id == operation_id)
    return with_operations.join(made, sa.true()).join(transactions, is_its_own, isouter=is_outer)


def _ids(
    operation_id: sa.ColumnElement[UUID],
    decided_at: sa.ColumnElement[Any],
    table: sa.FromClause | None,
) -> sa.ColumnElement[Any]:
    own = transactions.alias("own")
    stored = (
        sa.select(own.c.id)
        .with_hint(own, "ONLY", "postgresql")
        .where(own.c.operation_id == operation_id, own.c.operation_id != own.c.id)
        .limit(1)
        .correlate(table)
    )
    follows = sa.func.sortable_id(operation_id, decided_at, type_=sa.Uuid)
    ids: list[Any] = [operation_id, stored.scalar_subquery(), follows]
    return array(ids)
