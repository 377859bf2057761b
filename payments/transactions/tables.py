"""What the metadata of a transaction was before each change: append-only."""

from typing import Final

import sqlalchemy as sa

from payments.kernel.database import METADATA

transaction_changes: Final = sa.Table(
    "transaction_changes",
    METADATA,
    sa.Column("transaction_id", sa.Uuid, primary_key=True),
    sa.Column("change", sa.Integer, primary_key=True, autoincrement=False, comment="1, 2, 3 …"),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("metadata_before", sa.JSON, nullable=False),
    sa.Column("metadata_after", sa.JSON, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    comment="changes of the metadata of transactions",
)

transaction_fills: Final = sa.Table(
    "transaction_fills",
    METADATA,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("filled_until", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("id = 1", name="id"),
    comment="up to when every operation that moved money has its transaction",
)
