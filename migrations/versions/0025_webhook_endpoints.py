"""Outgoing webhooks: endpoints, deliveries, and up to which event deliveries are made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; nobody is told of what was before."""
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="whose it is"),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column(
            "types", postgresql.ARRAY(sa.Text()), nullable=False, comment="patterns; empty: every type"
        ),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False, comment="sealed"),
        sa.Column(
            "previous_secret", sa.LargeBinary(), nullable=True, comment="sealed; signs too while it is live"
        ),
        sa.Column("previous_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "after_sequence", sa.BigInteger(), nullable=False, comment="events before are not its"
        ),
        sa.Column(
            "failing_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the first failure in a row",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_endpoints_pkey")),
    )
    op.create_index(op.f("webhook_endpoints_actor_idx"), "webhook_endpoints", ["actor"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column(
            "sequence",
            sa.BigInteger(),
            nullable=True,
            comment="null: a test, which is no event of the log",
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="of the last attempt; pending: none yet"
        ),
        sa.Column("attempt_count", sa.Integer(), nullable=False),
        sa.Column(
            "attempts", postgresql.JSONB(), nullable=False, comment="the last ones, oldest first"
        ),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="a lease while it is sent",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')",
            name=op.f("webhook_deliveries_status_check"),
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name=op.f("webhook_deliveries_endpoint_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_deliveries_pkey")),
        sa.UniqueConstraint(
            "endpoint_id", "event_id", name=op.f("webhook_deliveries_endpoint_id_event_id_key")
        ),
    )
    op.create_index(
        "webhook_deliveries_due_idx",
        "webhook_deliveries",
        ["endpoint_id", "next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index("webhook_deliveries_list_idx", "webhook_deliveries", ["endpoint_id", "id"])
    op.create_table(
        "webhook_position",
        sa.Column("id", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("through_sequence", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id", name=op.f("webhook_position_one_row_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_position_pkey")),
        comment="events up to this one have their deliveries",
    )
    op.execute("INSERT INTO webhook_position (through_sequence) VALUES (0)")


def downgrade() -> None:
    """Nothing is sent any more."""
    op.drop_table("webhook_position")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
