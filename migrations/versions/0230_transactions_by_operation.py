"""The transaction of an operation is found by what its id follows from, not by an index."""

from pathlib import Path

from alembic import op

revision = "0230"
down_revision = "0181"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0230_sortable_id.sql"
_INDEX = "transfer_transactions_operation_id_idx"


def upgrade() -> None:
    """Readers of this version need the function before the index is gone."""
    op.execute(_SQL.read_text(encoding="utf-8"))
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_INDEX}")
        op.execute("SET lock_timeout = '3s'")


def downgrade() -> None:
    """The index again."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        f"CREATE INDEX IF NOT EXISTS {_INDEX} ON transfer_transactions (operation_id)"
        " WHERE operation_id <> id"
    )
    op.execute("DROP FUNCTION sortable_id(uuid, timestamptz)")
