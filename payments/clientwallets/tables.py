"""Tables of client wallets: the owner of each wallet, and every transfer that was requested."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.operations.record import Record

TRANSFER_NUMBERS: Final = "client_transfer_numbers"
client_transfer_numbers: Final = sa.Sequence(TRANSFER_NUMBERS, metadata=METADATA)

client_wallets: Final = sa.Table(
    "client_wallets",
    METADATA,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("wallet_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    comment="one wallet a client: the primary key says so",
)

client_transfers: Final = sa.Table(
    "client_transfers",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("operation_id", sa.Uuid, nullable=False, unique=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("source_wallet_id", sa.BigInteger, nullable=False),
    sa.Column("destination_wallet_id", sa.BigInteger, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, comment="why it was refused; null when it was processed"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("minor > 0", name="minor"),
    comment="every transfer a client asked for, the refused ones too",
)
sa.Index("client_transfers_user_id_id_idx", client_transfers.c.user_id, client_transfers.c.id)


class ClientWallet(Record, frozen=True):
    """The owner of a wallet; the wallet itself is in `wallets` and the ledger."""

    table: ClassVar[sa.Table] = client_wallets
    keys: ClassVar[tuple[str, ...]] = ("user_id", "wallet_id")

    user_id: int
    wallet_id: int
    created_at: datetime


class ClientTransfer(Record, frozen=True):
    """A transfer that a client requested: processed, or refused with `reason`."""

    table: ClassVar[sa.Table] = client_transfers

    id: int
    operation_id: UUID
    user_id: int
    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    reason: str | None
    created_at: datetime
