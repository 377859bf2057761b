"""Deliveries begin their schedule anew and are pruned; when events are written is on record."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """The tables are new in this release: nothing big is changed."""
    op.add_column(
        "webhook_deliveries",
        sa.Column(
            "schedule_from",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="the attempt after which the schedule of repeats began",
        ),
    )
    op.create_index(
        "webhook_deliveries_status_idx", "webhook_deliveries", ["endpoint_id", "status", "id"]
    )
    op.create_index(
        "webhook_deliveries_oldest_idx",
        "webhook_deliveries",
        ["endpoint_id", "created_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    op.create_index(
        "webhook_deliveries_done_idx",
        "webhook_deliveries",
        ["created_at"],
        postgresql_where=sa.text("next_attempt_at IS NULL"),
    )
    op.create_table(
        "webhook_prunings",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.Column("first_created_at", _AT, nullable=False),
        sa.Column("last_created_at", _AT, nullable=False),
        sa.Column("pruned_at", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("webhook_prunings_pkey")),
        comment="which deliveries are kept no more",
    )
    op.create_table(
        "event_switches",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("since", _AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("event_switches_pkey")),
        comment="since when events are written, and are not",
    )
    op.add_column(
        "event_prunings",
        sa.Column("before", _AT, nullable=True, comment="events written before are gone"),
    )
    op.execute("UPDATE event_prunings SET before = pruned_at")
    op.alter_column("event_prunings", "before", nullable=False)


def downgrade() -> None:
    """The counts of what was pruned are lost."""
    op.drop_column("event_prunings", "before")
    op.drop_table("event_switches")
    op.drop_table("webhook_prunings")
    for name in ("done", "oldest", "status"):
        op.drop_index(f"webhook_deliveries_{name}_idx", table_name="webhook_deliveries")
    op.drop_column("webhook_deliveries", "schedule_from")
