"""Tables of outgoing webhooks."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from payments.kernel.database import METADATA

webhook_endpoints: Final = sa.Table(
    "webhook_endpoints",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("actor", sa.Text, nullable=False, index=True, comment="whose it is"),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("types", ARRAY(sa.Text), nullable=False, comment="patterns; empty: every type"),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("is_enabled", sa.Boolean, nullable=False),
    sa.Column("disabled_reason", sa.Text),
    sa.Column("secret", sa.LargeBinary, nullable=False, comment="sealed"),
    sa.Column("previous_secret", sa.LargeBinary, comment="sealed; signs too while it is live"),
    sa.Column("previous_until", sa.DateTime(timezone=True)),
    sa.Column("after_sequence", sa.BigInteger, nullable=False, comment="events before are not its"),
    sa.Column("failing_since", sa.DateTime(timezone=True), comment="the first failure in a row"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
)

webhook_deliveries: Final = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column(
        "endpoint_id",
        sa.Uuid,
        sa.ForeignKey("webhook_endpoints.id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, comment="null: a test, which is no event of the log"),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, comment="of the last attempt; pending: none yet"),
    sa.Column("attempt_count", sa.Integer, nullable=False),
    sa.Column(
        "schedule_from",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="the attempt after which the schedule of repeats began",
    ),
    sa.Column("attempts", JSONB, nullable=False, comment="the last ones, oldest first"),
    sa.Column("next_attempt_at", sa.DateTime(timezone=True), comment="a lease while it is sent"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_attempt_at", sa.DateTime(timezone=True)),
    sa.Column("traceparent", sa.Text, comment="the trace of what the event tells, if it has one"),
    sa.CheckConstraint("status IN ('pending', 'succeeded', 'failed')", name="status"),
    sa.UniqueConstraint("endpoint_id", "event_id"),
)
sa.Index(
    "webhook_deliveries_due_idx",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.next_attempt_at,
    postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
)
sa.Index("webhook_deliveries_list_idx", webhook_deliveries.c.endpoint_id, webhook_deliveries.c.id)

sa.Index(
    "webhook_deliveries_status_idx",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.status,
    webhook_deliveries.c.id,
)
sa.Index(
    "webhook_deliveries_oldest_idx",
    webhook_deliveries.c.endpoint_id,
    webhook_deliveries.c.created_at,
    postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
)
sa.Index(
    "webhook_deliveries_done_idx",
    webhook_deliveries.c.created_at,
    postgresql_where=sa.text("next_attempt_at IS NULL"),
)

webhook_position: Final = sa.Table(
    "webhook_position",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("through_sequence", sa.BigInteger, nullable=False),
    sa.CheckConstraint("id", name="one_row"),
    comment="events up to this one have their deliveries",
)

webhook_prunings: Final = sa.Table(
    "webhook_prunings",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("deliveries", sa.BigInteger, nullable=False),
    sa.Column("first_created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=False),
    comment="which deliveries are kept no more",
)
