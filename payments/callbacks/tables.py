"""Tables of received callbacks."""

import enum
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.operations.record import Record


class CallbackState(enum.Enum):
    """How far a callback has been processed."""

    RECEIVED = "received"
    """Stored; its effect is not decided yet. A job retries it."""
    DONE = "done"
    """Decided in the transaction of its effect; `verdict` says how."""
    UNMATCHED = "unmatched"
    """No payout or deposit has its merchant id yet; matching is retried."""
    OPERATOR = "operator"
    """Unreadable, another body for a known event, or never matched: an operator has to look."""
    CLOSED = "closed"
    """An operator has closed it with a reason."""


NEEDING: Final = (CallbackState.UNMATCHED, CallbackState.OPERATOR)
"""States of callbacks that need an operator, now or when matching gives up."""

provider_callbacks: Final = sa.Table(
    "provider_callbacks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("raw", sa.LargeBinary, nullable=False, comment="the body, byte for byte"),
    sa.Column("headers", JSONB, nullable=False),
    sa.Column("merchant_id", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, comment="applied, confirmed, stale, conflict, … or why not"),
    sa.Column("matches", sa.Integer, nullable=False, server_default="0"),
    sa.Column("next_match_at", sa.DateTime(timezone=True)),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("closed_by", sa.Text),
    sa.Column("close_reason", sa.Text),
    sa.CheckConstraint(
        "state IN ('received', 'done', 'unmatched', 'operator', 'closed')", name="state"
    ),
    sa.CheckConstraint(
        "(state IN ('received', 'unmatched')) = (next_match_at IS NOT NULL)", name="waiting"
    ),
)
# Not unique: a second body under a used event id is stored beside the first one.
sa.Index(
    "provider_callbacks_event_id_idx", provider_callbacks.c.provider, provider_callbacks.c.event_id
)
sa.Index(
    "provider_callbacks_needing_idx",
    provider_callbacks.c.received_at,
    postgresql_where=sa.text("state IN ('unmatched', 'operator')"),
)
sa.Index(
    "provider_callbacks_next_match_at_idx",
    provider_callbacks.c.next_match_at,
    postgresql_where=sa.text("next_match_at IS NOT NULL"),
)

rejected_callbacks: Final = sa.Table(
    "rejected_callbacks",
    METADATA,
    sa.Column("digest", sa.LargeBinary, primary_key=True, comment="SHA-256 of the body"),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
    comment="callbacks whose signature did not hold: never their content",
)


class Callback(Record, frozen=True):
    """The columns that the callback's effect decides; written by the operation that used it."""

    table: ClassVar[sa.Table] = provider_callbacks

    id: UUID
    state: CallbackState
    verdict: str | None
    next_match_at: datetime | None
    decided_at: datetime | None

    def done(self, verdict: str, now: datetime) -> "Callback":
        """The callback marked done; written in the transaction of its effect."""
        return self.changed(
            state=CallbackState.DONE, verdict=verdict, next_match_at=None, decided_at=now
        )
