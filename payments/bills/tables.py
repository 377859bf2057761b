"""Tables of bills and their transactions; balances are in the ledger."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa

from payments.kernel.database import METADATA
from payments.kernel.ids import AccountId
from payments.ledger.chart import LOCAL_MAX, Kind, account_id
from payments.operations.record import Record

TRANSACTION_NUMBERS: Final = "bill_transaction_numbers"
bill_transaction_numbers: Final = sa.Sequence(TRANSACTION_NUMBERS, metadata=METADATA)

TOPUP: Final = "topup"
PURCHASE: Final = "purchase"

bills: Final = sa.Table(
    "bills",
    METADATA,
    sa.Column(
        "id", sa.BigInteger, primary_key=True, autoincrement=False, comment="the provider's number"
    ),
    sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("id > 0", name="id"),
)
sa.Index("bills_user_id_created_at_id_idx", bills.c.user_id, bills.c.created_at, bills.c.id)

bill_transactions: Final = sa.Table(
    "bill_transactions",
    METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("operation_id", sa.Uuid, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("bill_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="what was added or paid"),
    sa.Column("balance", sa.BigInteger, nullable=False, comment="of the bill afterwards"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("transaction_id", sa.BigInteger, comment="the provider's number of a top-up"),
    sa.Column("product_id", sa.BigInteger, comment="what was bought"),
    sa.Column("title", sa.Text, comment="the product's title when it was bought"),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("minor > 0 AND balance >= 0", name="minor"),
    sa.CheckConstraint(
        "(kind = 'topup' AND transaction_id IS NOT NULL AND product_id IS NULL)"
        " OR (kind = 'purchase' AND transaction_id IS NULL AND product_id IS NOT NULL)",
        name="kind",
    ),
    comment="the history a user sees; the ledger's entries are the truth about money",
)
sa.Index("bill_transactions_user_id_id_idx", bill_transactions.c.user_id, bill_transactions.c.id)
# The operation id is derived from the transaction id, so a violation means a bug in that.
sa.Index(
    "bill_transactions_transaction_id_key",
    bill_transactions.c.transaction_id,
    unique=True,
    postgresql_where=sa.text("transaction_id IS NOT NULL"),
)


class Bill(Record, frozen=True, kw_only=True):
    """A bill and its owner, who never changes."""

    table: ClassVar[sa.Table] = bills

    id: int
    user_id: int
    currency: str
    created_at: datetime


class BillTransaction(Record, frozen=True, kw_only=True):
    """A top-up or a purchase."""

    table: ClassVar[sa.Table] = bill_transactions

    id: int
    operation_id: UUID
    user_id: int
    bill_id: int
    kind: str
    minor: int
    balance: int
    currency: str
    transaction_id: int | None
    product_id: int | None
    title: str | None
    created_at: datetime


def bill_account(bill_id: int) -> AccountId:
    """The account of a bill. Out-of-range numbers map to 0, which no account has."""
    return account_id(Kind.BILL, bill_id if 0 < bill_id <= LOCAL_MAX else 0)
