"""Tables of transfers."""

import struct
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.kernel.packing import NULL, bytes_of, repeated_field, shared_micros, text_field
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


_pack_head: Final = struct.Struct(">hi16siqiqiq").pack
_pack_bigint: Final = struct.Struct(">iq").pack
_pack_id: Final = struct.Struct(">i16s").pack


class Transfer(Record, frozen=True):
    """Money that went from one wallet to another; `reversed_minor` of it has gone back."""

    table: ClassVar[sa.Table] = transfers
    is_packed: ClassVar[bool] = True

    id: UUID
    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    reversed_minor: int
    reversal_of: UUID | None
    description: str
    created_at: datetime

    def packed(self) -> bytes:
        """As COPY takes it."""
        return b"".join(
            (
                _pack_head(
                    9, 16, bytes_of(self.id), 8, self.source_wallet_id,
                    8, self.destination_wallet_id, 8, self.minor,
                ),
                repeated_field(self.currency),
                _pack_bigint(8, self.reversed_minor),
                NULL if self.reversal_of is None else _pack_id(16, self.reversal_of.bytes),
                text_field(self.description),
                _pack_bigint(8, shared_micros(self.created_at)),
            )
        )  # fmt: skip
