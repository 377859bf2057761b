"""Tables of wallets: their balance is the ledger's, here stands whose they are."""

from datetime import datetime
from typing import ClassVar, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.operations.record import Record

WALLET_NUMBERS: Final = "wallet_numbers"
wallet_numbers: Final = sa.Sequence(WALLET_NUMBERS, metadata=METADATA)

wallets: Final = sa.Table(
    "wallets",
    METADATA,
    sa.Column(
        "id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="also the ledger account's id",
    ),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    # json, not jsonb: it comes back as it was sent.
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("freeze_reason", sa.Text),
)
sa.Index("wallets_owner_id_idx", wallets.c.owner, wallets.c.id)
sa.Index("wallets_currency_id_idx", wallets.c.currency, wallets.c.id)
sa.Index(
    "wallets_metadata_idx",
    sa.cast(wallets.c.metadata, JSONB).label("members"),
    postgresql_using="gin",
    postgresql_ops={"members": "jsonb_path_ops"},
)


class Wallet(Record, frozen=True, kw_only=True):
    """A wallet. `owner` is the client's own word for whose it is."""

    table: ClassVar[sa.Table] = wallets

    id: int
    currency: str
    owner: str
    created_by: str
    metadata: msgspec.Raw
    created_at: datetime
    freeze_reason: str | None = None
