"""A transfer's id sorts by time: it is no longer always the operation's."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_BEFORE = "the operation that made it"
_NOW = "sorts by time"


def upgrade() -> None:
    """Say so; ids that are there stay as they are."""
    _comment(_NOW, _BEFORE)


def downgrade() -> None:
    """Say what was."""
    _comment(_BEFORE, _NOW)


def _comment(text: str, before: str) -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.alter_column(
        "transfers", "id", existing_type=sa.Uuid(), comment=text, existing_comment=before
    )
