"""Payments that no statement has are found by their day: a page of a statement counts them."""

from alembic import op

revision = "0191"
down_revision = "0190"
branch_labels = None
depends_on = None

_INDEX = "organization_payments_without_line_day_idx"


def upgrade() -> None:
    """Made beside writers; what an attempt that was broken off left behind is made again."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute(
            f"CREATE INDEX CONCURRENTLY {_INDEX} ON organization_payments"
            " ((CAST(timezone('Europe/Moscow', document_date) AS date)), id)"
            " WHERE line_id IS NULL"
        )
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """All payments are read again."""
    op.drop_index(_INDEX, table_name="organization_payments")
