"""The first schema."""

from pathlib import Path

from alembic import op

import payments.registry  # noqa: F401
import scheduler.tables  # noqa: F401
import streams.tables
from payments.kernel.database import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql"


def upgrade() -> None:
    """Make every table, then what SQLAlchemy cannot say: append-only entries that balance."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for metadata in (METADATA, streams.tables.METADATA):
        metadata.create_all(op.get_bind())
    for statement in (_SQL / "0001_append_only.sql").read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)


def downgrade() -> None:
    """Drop everything."""
    for metadata in (METADATA, streams.tables.METADATA):
        metadata.drop_all(op.get_bind())
    op.execute("DROP FUNCTION refuse_change(), check_entries_balance()")
