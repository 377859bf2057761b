"""Evidence cannot be changed: by trigger and by grant, as entries and outcomes are."""

from pathlib import Path

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("payout_evidence", "deposit_evidence", "operation_conflicts")
_SQL = Path(__file__).parent / "sql" / "0009_evidence_append_only.sql"


def upgrade() -> None:
    """Add the triggers, take the grants away."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for statement in _SQL.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)


def downgrade() -> None:
    """Take the triggers away, give the grants back."""
    for table in _TABLES:
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
    op.execute(f"GRANT UPDATE, DELETE, TRUNCATE ON {', '.join(_TABLES)} TO CURRENT_USER")
