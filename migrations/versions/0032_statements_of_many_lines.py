"""Lines of a document are found among a million; statements say which days they know whole."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_LINES = "statement_lines"
_OLD, _NEW = "statement_lines_account_posted_idx", "statement_lines_account_posted_number_inn_idx"


def upgrade() -> None:
    """The new index serves what the old one served."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(_NEW, _LINES, ["account", "posted", "number", "inn"])
    op.drop_index(_OLD, _LINES)
    op.add_column(
        "statements",
        sa.Column(
            "final_until", sa.Date(), comment="the last day that was over when the file was made"
        ),
    )


def downgrade() -> None:
    """Put the old index back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("statements", "final_until")
    op.create_index(_OLD, _LINES, ["account", "posted"])
    op.drop_index(_NEW, _LINES)
