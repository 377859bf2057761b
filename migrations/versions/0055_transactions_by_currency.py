"""Transactions by currency, newest first: also by the amounts of postings after the first."""

import sqlalchemy as sa
from alembic import op

revision = "0055"
down_revision = "0035"
branch_labels = None
depends_on = None

_INDEXES = {
    "transactions_currency_created_at_idx": "transactions (currency, created_at)",
    "transaction_amounts_created_at_idx": "transaction_amounts (created_at, transaction_id)",
}


def upgrade() -> None:
    """0.1.0 writes no amounts, so only those that were filled in are read here."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "transaction_amounts",
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the transaction's",
        ),
    )
    op.execute(
        "UPDATE transaction_amounts AS a SET created_at = t.created_at"
        " FROM transactions AS t WHERE t.id = a.transaction_id"
    )
    op.alter_column("transaction_amounts", "created_at", nullable=False)
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for name, columns in _INDEXES.items():
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {columns}")
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """A list by currency reads more."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("transactions_currency_created_at_idx", table_name="transactions")
    op.drop_column("transaction_amounts", "created_at")
