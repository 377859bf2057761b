"""Tables of transfers."""

import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.kernel.packing import NULL, bytes_of, repeated_field, shared_micros, text_field
from payments.operations.record import Joined, PlainRow, Record
from payments.operations.tables import index_as_transactions, transactions
from payments.operations.transaction import Transaction, TransactionTrait, packed_says

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

_columns: Final = {c.name: c for c in (*transactions.c, *transfers.c)}
transfer_transactions: Final = sa.Table(
    "transfer_transactions",
    METADATA,
    *(
        sa.Column(
            name, c.type, primary_key=c.primary_key, nullable=c.nullable,
            server_default=None if c.server_default is None else "0",
        )
        for name, c in _columns.items()
    ),
    postgresql_inherits=("transfers", "transactions"),
    comment="transfers that are transactions in the same row: both tables show them",
)  # fmt: skip
for _table in (transfers, transactions):
    transfer_transactions.add_is_dependent_on(_table)
index_as_transactions(transfer_transactions)


_pack_head: Final = struct.Struct(">hi16siqiqiq").pack
_pack_bigint: Final = struct.Struct(">iq").pack
_pack_id: Final = struct.Struct(">i16s").pack
_pack_both: Final = struct.Struct(">hi16siqiqiqi16sihiqiqi").pack
_FOUR_NULLS: Final = NULL * 4


class TransferTransaction(Joined, frozen=True):
    """A new transfer and its transaction, written as one row."""

    table: ClassVar[sa.Table] = transfer_transactions
    is_packed: ClassVar[bool] = True

    transfer: "Transfer"
    transaction: Transaction

    @classmethod
    def columns(cls) -> tuple[str, ...]:
        """In the order in which they are packed."""
        return (
            "id", "source_wallet_id", "destination_wallet_id", "minor", "operation_id",
            "currency_number", "reversed_minor", "created_at", "postings",
            "currency", "kind", "actor", "description", "reversal_of",
            "reference", "metadata", "effective_at", "reversed_by",
        )  # fmt: skip

    @classmethod
    def join(
        cls, ones: Sequence[Record], others: Sequence[Record]
    ) -> tuple[list[Record], list[Record], list[Record]]:
        """Transfers and transactions that are left, and those of one id as one row."""
        # By the number: hashing a UUID is slow.
        by_id = {other.id.int: other for other in cast("Sequence[Transaction]", others)}
        alone: list[Record] = []
        joined: list[Record] = []
        for one in cast("Sequence[Transfer]", ones):
            number = one.id.int
            other = by_id.get(number)
            if (
                other is not None
                and other.description is None
                and other.minor == one.minor
                and other.reversal_of == one.reversal_of
                and other.created_at == one.created_at
            ):
                joined.append(cls(one, other))
                del by_id[number]
            else:
                alone.append(one)
        return alone, list(by_id.values()), joined

    @classmethod
    def beside(cls, rows: Sequence[Any]) -> Iterator[TransactionTrait]:
        """What stands beside transactions."""
        return Transaction.beside(rows)

    def row(self) -> Any:
        """By column; what both have is the transfer's."""
        return {
            **msgspec.structs.asdict(self.transaction),
            **msgspec.structs.asdict(self.transfer),
        }

    def packed(self) -> bytes:
        """As COPY takes it."""
        one, other = self.transfer, self.transaction
        postings = other.postings
        id_ = bytes_of(one.id)
        return b"".join(
            (
                _pack_both(
                    18, 16, id_, 8, one.source_wallet_id,
                    8, one.destination_wallet_id, 8, one.minor,
                    16, id_ if other.operation_id is one.id else bytes_of(other.operation_id),
                    2, other.currency_number, 8, one.reversed_minor,
                    8, shared_micros(one.created_at), len(postings),
                ),
                postings,
                _shared_fields(one.currency, other.kind, other.actor),
                text_field(one.description) if one.description else _EMPTY,
                NULL if one.reversal_of is None else _pack_id(16, one.reversal_of.bytes),
                _FOUR_NULLS if other.is_bare() else packed_says(other),
            )
        )  # fmt: skip


class PlainTransfer(PlainRow, frozen=True):
    """The same of a transfer whose transaction says nothing more."""

    table: ClassVar[sa.Table] = transfer_transactions
    is_packed: ClassVar[bool] = True
    written_as: ClassVar[type[Joined]] = TransferTransaction
    reversed_minor: ClassVar[int] = 0
    reversal_of: ClassVar[None] = None

    id: UUID
    source_wallet_id: int
    destination_wallet_id: int
    minor: int
    currency: str
    description: str
    operation_id: UUID
    kind: str
    actor: str
    currency_number: int
    created_at: datetime

    def parts(self) -> tuple["Transfer", Transaction]:
        """The transfer and the transaction."""
        transfer = Transfer(
            self.id, self.source_wallet_id, self.destination_wallet_id, self.minor, self.currency,
            0, None, self.description, self.created_at,
        )  # fmt: skip
        transaction = Transaction(
            self.id, self.operation_id, self.kind, self.actor, self.currency_number, self.minor,
            msgspec.Raw(self._postings()), self.created_at, None, None, None, None, None, None,
        )  # fmt: skip
        return transfer, transaction

    def _postings(self) -> bytes:
        return b"[[%d,%d,%d,%d]]" % (
            self.source_wallet_id,
            self.destination_wallet_id,
            self.minor,
            self.currency_number,
        )

    def row(self) -> Any:
        """By column."""
        return TransferTransaction(*self.parts()).row()

    def packed(self) -> bytes:
        """As COPY takes it."""
        id_, operation_id, postings = bytes_of(self.id), self.operation_id, self._postings()
        head = _pack_both(
            18, 16, id_, 8, self.source_wallet_id, 8, self.destination_wallet_id, 8, self.minor,
            16, id_ if operation_id is self.id else bytes_of(operation_id),
            2, self.currency_number, 8, 0, 8, shared_micros(self.created_at), len(postings),
        )  # fmt: skip
        shared = _shared_fields(self.currency, self.kind, self.actor)
        said = text_field(self.description) if self.description else _EMPTY
        return b"".join((head, postings, shared, said, _FIVE_NULLS))


_EMPTY: Final = text_field("")
_FIVE_NULLS: Final = NULL * 5


@lru_cache(maxsize=1024)
def _shared_fields(currency: str, kind: str, actor: str) -> bytes:
    return repeated_field(currency) + repeated_field(kind) + repeated_field(actor)


class Transfer(Record, frozen=True):
    """Money that went from one wallet to another; `reversed_minor` of it has gone back."""

    table: ClassVar[sa.Table] = transfers
    is_packed: ClassVar[bool] = True
    joined: ClassVar[tuple[type[Record], type[Joined]] | None] = (Transaction, TransferTransaction)

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


TransferTransaction.stands_for = (Transfer, Transaction)
