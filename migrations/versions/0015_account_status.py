"""One home for an account's state: `status` in place of `is_frozen`, with room for `closed`."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SQL = Path(__file__).parent / "sql" / "0015_account_status.sql"
_KEPT = "what 0.1.0 reads and writes in place of status; goes when it can run no more"
_WORDS = "open, frozen or closed: whether money may go in and out"


def upgrade() -> None:
    """Frozen accounts stay frozen, all others are open. A consumer of 0.1.0 goes on beside ours."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts",
        sa.Column("status", sa.Text(), server_default="open", nullable=False, comment=_WORDS),
    )
    op.execute("UPDATE accounts SET status = 'frozen' WHERE is_frozen")
    op.alter_column("accounts", "is_frozen", comment=_KEPT)
    for statement in _SQL.read_text(encoding="utf-8").split("\n-- next\n"):
        op.execute(statement)
    op.create_check_constraint(
        op.f("accounts_status_check"), "accounts", "status IN ('open', 'frozen', 'closed')"
    )


def downgrade() -> None:
    """A closed account becomes a frozen one: nothing else of before keeps money out."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER accounts_status ON accounts")
    op.execute("DROP FUNCTION accounts_status()")
    op.alter_column("accounts", "is_frozen", comment=None, existing_comment=_KEPT)
    op.drop_constraint(op.f("accounts_status_check"), "accounts")
    op.drop_column("accounts", "status")
