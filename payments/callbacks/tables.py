"""Tables of the callback inbox."""

import enum
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.operations.record import Record


class CallbackState(enum.Enum):
    """What became of a callback."""

    RECEIVED = "received"
    """Kept; its effect is not decided yet. A job drives it on."""
    DONE = "done"
    """Decided in the transaction of its effect; `verdict` says how."""
    UNMATCHED = "unmatched"
    """Nobody knows its merchant id yet; it is matched again."""
    OPERATOR = "operator"
    """Unreadable, another body of a known event, or not matched: a person has to look."""
    CLOSED = "closed"
    """A person has looked, and said why it needs nothing more."""


NEEDING: Final = (CallbackState.UNMATCHED, CallbackState.OPERATOR)
"""States of callbacks that somebody has to look at, now or when matching gives up."""

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
# Not unique: another body under an id that was used is kept beside the first one.
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
    """The part of a callback that its effect decides; put by the operation that used it."""

    table: ClassVar[sa.Table] = provider_callbacks

    id: UUID
    state: CallbackState
    verdict: str | None
    next_match_at: datetime | None
    decided_at: datetime | None

    def done(self, verdict: str, now: datetime) -> "Callback":
        """Decided, in the transaction that holds its effect."""
        return self.changed(
            state=CallbackState.DONE, verdict=verdict, next_match_at=None, decided_at=now
        )
