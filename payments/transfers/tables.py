"""Tables of transfers."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record

transfers: Final = sa.Table(
    "transfers",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="sorts by time"),
    sa.Column("source_wallet_id", sa.BigInteger, nullable=False),
    sa.Column("destination_wallet_id", sa.BigInteger, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("reversed_minor", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("reversal_of", sa.Uuid),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("minor > 0 AND reversed_minor BETWEEN 0 AND minor", name="minor"),
)


class Transfer(Record, frozen=True, kw_only=True):
    """Money that went from one wallet to another; `reversed_minor` of it has gone back."""

    table: ClassVar[sa.Table] = transfers

    id: UUID
    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    reversed_minor: int
    reversal_of: UUID | None
    description: str
    created_at: datetime
