"""One home for an account's state: `status` in place of `is_frozen`, with room for `closed`."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_WORDS = "open, frozen or closed: whether money may go in and out"


def upgrade() -> None:
    """Frozen accounts stay frozen, all others are open."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts",
        sa.Column("status", sa.Text(), server_default="open", nullable=False, comment=_WORDS),
    )
    op.execute("UPDATE accounts SET status = 'frozen' WHERE is_frozen")
    op.drop_column("accounts", "is_frozen")
    op.create_check_constraint(
        op.f("accounts_status_check"), "accounts", "status IN ('open', 'frozen', 'closed')"
    )


def downgrade() -> None:
    """A closed account becomes a frozen one: nothing else of before keeps money out."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts",
        sa.Column("is_frozen", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute("UPDATE accounts SET is_frozen = true WHERE status <> 'open'")
    op.drop_constraint(op.f("accounts_status_check"), "accounts")
    op.drop_column("accounts", "status")
