"""Operations are found by the time of their decision, for the check of events."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Made beside writers; a BRIN index costs them next to nothing.

    What an attempt that was broken off left behind is made again.
    """
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS operations_decided_at_brin")
        op.execute(
            "CREATE INDEX CONCURRENTLY operations_decided_at_brin ON operations"
            " USING brin (decided_at) WITH (pages_per_range = 32, autosummarize = true)"
        )
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """The check of events reads all operations again."""
    op.drop_index("operations_decided_at_brin", table_name="operations")
