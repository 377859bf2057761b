"""Tables of holds: money that stays in the wallet and cannot be spent."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record

holds: Final = sa.Table(
    "holds",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that made it"),
    sa.Column("wallet_id", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False, comment="hold (a client's own) or payout"),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("captured_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("released_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint(
        "minor > 0 AND captured_minor >= 0 AND released_minor >= 0 "
        "AND captured_minor + released_minor <= minor",
        name="parts",
    ),
    # Closed exactly when nothing is left of it: a hold cannot be ended twice.
    sa.CheckConstraint(
        "(closed_at IS NOT NULL) = (captured_minor + released_minor = minor)", name="closed"
    ),
)
sa.Index(
    "holds_open_expires_at_idx",
    holds.c.expires_at,
    postgresql_where=sa.text("closed_at IS NULL AND expires_at IS NOT NULL"),
)
sa.Index(
    "holds_open_wallet_id_idx", holds.c.wallet_id, postgresql_where=sa.text("closed_at IS NULL")
)


class Hold(Record, frozen=True, kw_only=True):
    """Money kept aside. Left of it: `minor - captured_minor - released_minor`."""

    table: ClassVar[sa.Table] = holds

    id: UUID
    wallet_id: int
    purpose: str
    minor: int
    captured_minor: int
    released_minor: int
    currency: str
    description: str
    expires_at: datetime | None
    created_at: datetime
    closed_at: datetime | None

    @property
    def left(self) -> int:
        """Minor units still kept aside."""
        return self.minor - self.captured_minor - self.released_minor
