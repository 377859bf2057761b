"""An answer about a moment never changes: the account keeps until when it was answered for."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_WORDS = "no new entry is dated before this: a balance at that time was answered"


def upgrade() -> None:
    """Nothing was answered for good so far."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "accounts", sa.Column("answered_until", sa.DateTime(timezone=True), comment=_WORDS)
    )


def downgrade() -> None:
    """Answers may change again."""
    op.drop_column("accounts", "answered_until")
