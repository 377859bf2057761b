"""A bank payment says its payer's name and purpose: without an INN nothing else says whose it is."""

import sqlalchemy as sa
from alembic import op

revision = "0192"
down_revision = "0191"
branch_labels = None
depends_on = None

_TABLE = "organization_payments"
_COLUMNS = (("payer", "the payer's name in the statement"), ("purpose", "in the statement"))


def upgrade() -> None:
    """Webhooks say neither; what statements have said is taken over."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, comment in _COLUMNS:
        op.add_column(
            _TABLE, sa.Column(name, sa.Text(), server_default="", nullable=False, comment=comment)
        )
    op.execute(
        "UPDATE organization_payments AS p SET payer = l.counterparty, purpose = l.purpose "
        "FROM statement_lines AS l WHERE l.id = p.line_id"
    )


def downgrade() -> None:
    """The lines still have both."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, _ in _COLUMNS:
        op.drop_column(_TABLE, name)
