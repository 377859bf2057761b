"""Deliveries of webhooks carry the trace of what they tell."""

import sqlalchemy as sa
from alembic import op

revision = "0195"
down_revision = "0059"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No row is rewritten: the new column is null in all there are."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "webhook_deliveries",
        sa.Column(
            "traceparent",
            sa.Text(),
            nullable=True,
            comment="the trace of what the event tells, if it has one",
        ),
    )


def downgrade() -> None:
    """Deliveries that wait are sent without their trace."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("webhook_deliveries", "traceparent")
