"""A returned line is found among those of its payer, however many have its amount."""

import sqlalchemy as sa
from alembic import op

revision = "0193"
down_revision = "0192"
branch_labels = None
depends_on = None

_LINES = "statement_lines"
_OLD, _NEW = "statement_lines_account_minor_idx", "statement_lines_account_counterparty_minor_idx"


def upgrade() -> None:
    """0.1.0 knows no statements."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(
        _NEW,
        _LINES,
        ["account", "counterparty_account", "minor"],
        postgresql_where=sa.text("counterparty_account <> ''"),
    )
    op.drop_index(_OLD, _LINES)


def downgrade() -> None:
    """Put the old index back."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_index(_OLD, _LINES, ["account", "minor"])
    op.drop_index(_NEW, _LINES)
