"""Tables of the engine. `operations` is never pruned: its primary key is the deduplication."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA

operations: Final = sa.Table(
    "operations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    # json, not jsonb: a replay gives back the very text, and writing it costs less.
    sa.Column("result", sa.JSON, nullable=False),
    sa.Column("effects", sa.JSON),
    sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("status IN ('applied', 'rejected')", name="status"),
    sa.CheckConstraint("(status = 'rejected') = (reason IS NOT NULL)", name="reason"),
)

operation_conflicts: Final = sa.Table(
    "operation_conflicts",
    METADATA,
    sa.Column("operation_id", sa.Uuid, primary_key=True),
    sa.Column("digest", sa.LargeBinary, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    comment="other content that came under a known operation id: recorded, never applied",
)

sa.Index(
    "operation_conflicts_recorded_at_idx",
    operation_conflicts.c.recorded_at,
    operation_conflicts.c.operation_id,
    operation_conflicts.c.digest,
)

dead_letters: Final = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("stream", sa.Text, nullable=False, comment="intents or effects"),
    sa.Column("partition", sa.Integer, nullable=False),
    sa.Column("stream_id", sa.Text, nullable=False),
    sa.Column("operation_id", sa.Uuid, index=True),
    sa.Column("kind", sa.Text),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="parked"),
    sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.CheckConstraint("state IN ('parked', 'retried', 'discarded')", name="state"),
    # A crash after parking and before the acknowledgement parks the same entry again: same row.
    sa.UniqueConstraint("stream", "partition", "stream_id"),
)
