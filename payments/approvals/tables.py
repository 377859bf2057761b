"""Table of what waits for a second person."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA

approvals: Final = sa.Table(
    "approvals",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="also the operation's id"),
    sa.Column("kind", sa.Text, nullable=False, comment="of the operation"),
    sa.Column("intent", sa.JSON, nullable=False, comment="as it will be submitted"),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("shown", JSONB, nullable=False, comment="what the approver reads: before and after"),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False, comment="login"),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="waiting"),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("decision_reason", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("state IN ('waiting', 'approved', 'rejected', 'withdrawn')", name="state"),
    sa.CheckConstraint(
        "(state = 'waiting') = (decided_by IS NULL) "
        "AND (decided_by IS NULL) = (decided_at IS NULL)",
        name="decided",
    ),
    # The last line of defence: nobody approves what they asked for.
    sa.CheckConstraint(
        "state NOT IN ('approved', 'rejected') OR decided_by <> requested_by", name="two_persons"
    ),
    comment="actions that wait for a second person, and what became of them",
)
sa.Index(
    "approvals_waiting_idx",
    approvals.c.requested_at,
    postgresql_where=sa.text("state = 'waiting'"),
)
sa.Index("approvals_requested_at_idx", approvals.c.requested_at, approvals.c.id)
sa.Index(
    "approvals_waiting_subject_key",
    approvals.c.kind,
    approvals.c.subject_kind,
    approvals.c.subject_id,
    unique=True,
    postgresql_where=sa.text("state = 'waiting'"),
)
