"""Tables of banks, clients, accounts, tariffs and payments; balances are in the ledger."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.operations.record import Record

ACCOUNT_NUMBERS: Final = "bank_account_numbers"
bank_account_numbers: Final = sa.Sequence(ACCOUNT_NUMBERS, metadata=METADATA)

banks: Final = sa.Table(
    "banks",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False, comment="also its book"),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    # Book 0 is our own; a bank must not use it.
    sa.CheckConstraint("id > 0", name="id"),
)

bank_clients: Final = sa.Table(
    "bank_clients",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("id > 0", name="id"),
    sa.CheckConstraint("email !~ '[[:cntrl:][:space:]]'", name="email"),
)

bank_accounts: Final = sa.Table(
    "bank_accounts",
    METADATA,
    sa.Column(
        "id",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="ledger account's number",
    ),
    sa.Column("number", sa.Text, nullable=False, unique=True, comment="the seed's number_invoice"),
    sa.Column("bank_id", sa.Integer, sa.ForeignKey("banks.id"), nullable=False),
    sa.Column("client_id", sa.Integer, sa.ForeignKey("bank_clients.id"), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "wrong_codes",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="in the 24 hours since wrong_codes_since, over all payments",
    ),
    sa.Column("wrong_codes_since", sa.DateTime(timezone=True)),
    sa.Column("bank_name", sa.Text),
    # A number begins with its bank's id, so that two banks cannot create the same one.
    sa.CheckConstraint("starts_with(number, bank_id::text)", name="number"),
    sa.CheckConstraint("wrong_codes BETWEEN 0 AND 30", name="wrong_codes"),
)

banks_percents: Final = sa.Table(
    "banks_percents",
    METADATA,
    sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("bank_provider", sa.Integer, sa.ForeignKey("banks.id"), nullable=False),
    sa.Column("bank_receiver", sa.Integer, sa.ForeignKey("banks.id"), nullable=False),
    sa.Column(
        "pair",
        sa.Text,
        sa.Computed("bank_provider::text || ':' || bank_receiver::text", persisted=True),
        nullable=False,
        unique=True,
        comment="how a payment finds its tariff: provider:receiver",
    ),
    sa.Column("percent_bp", sa.Integer, nullable=False, comment="hundredths of a percent"),
    sa.Column("min_amount_money", sa.BigInteger, nullable=False, comment="minor units"),
    sa.Column("refund_fee", sa.Text, nullable=False, server_default="return"),
    sa.CheckConstraint("bank_provider <> bank_receiver", name="banks"),
    sa.CheckConstraint("percent_bp BETWEEN 0 AND 10000 AND min_amount_money >= 0", name="fee"),
    sa.CheckConstraint("refund_fee IN ('return', 'keep')", name="refund_fee"),
)

marketplaces: Final = sa.Table(
    "marketplaces",
    METADATA,
    sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
)

marketplace_keys: Final = sa.Table(
    "marketplace_keys",
    METADATA,
    sa.Column("key_hash", sa.LargeBinary, primary_key=True, comment="SHA-256; the key is nowhere"),
    sa.Column("marketplace_id", sa.Integer, sa.ForeignKey("marketplaces.id"), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("octet_length(key_hash) = 32", name="key_hash"),
)

bank_payments: Final = sa.Table(
    "bank_payments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that asked for it"),
    sa.Column("operation_key", sa.Text, nullable=False, unique=True),
    sa.Column("marketplace_id", sa.Integer, sa.ForeignKey("marketplaces.id"), nullable=False),
    sa.Column(
        "customer_account_id", sa.BigInteger, sa.ForeignKey("bank_accounts.id"), nullable=False
    ),
    sa.Column("customer_bank_id", sa.Integer, nullable=False),
    sa.Column(
        "seller_account_id", sa.BigInteger, sa.ForeignKey("bank_accounts.id"), nullable=False
    ),
    sa.Column("seller_bank_id", sa.Integer, nullable=False),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column(
        "fee_minor", sa.BigInteger, nullable=False, comment="as the tariff was at the request"
    ),
    sa.Column("refund_fee", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code_hash", sa.LargeBinary, nullable=False, comment="HMAC; the code is nowhere"),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("paid_at", sa.DateTime(timezone=True)),
    sa.Column("refunded_at", sa.DateTime(timezone=True)),
    sa.Column("refund_id", sa.Uuid, comment="the operation that gave it back"),
    sa.Column("customer_number", sa.Text),
    sa.Column("customer_bank", sa.Text),
    sa.Column("seller_number", sa.Text),
    sa.Column("seller_bank", sa.Text),
    sa.CheckConstraint("minor > 0 AND fee_minor >= 0 AND fee_minor <= minor", name="amounts"),
    sa.CheckConstraint("status IN ('pause', 'success', 'expired', 'refunded')", name="status"),
    sa.CheckConstraint("attempts BETWEEN 0 AND 5", name="attempts"),
    sa.CheckConstraint("refund_fee IN ('return', 'keep')", name="refund_fee"),
    sa.CheckConstraint("octet_length(code_hash) = 32", name="code_hash"),
    sa.CheckConstraint("(paid_at IS NOT NULL) = (status IN ('success', 'refunded'))", name="paid"),
    # A payment is refunded at most once: the row has columns for one refund.
    sa.CheckConstraint(
        "(status = 'refunded') = (refunded_at IS NOT NULL)"
        " AND (status = 'refunded') = (refund_id IS NOT NULL)",
        name="refunded",
    ),
)
sa.Index(
    "bank_payments_pause_expires_at_idx",
    bank_payments.c.expires_at,
    postgresql_where=sa.text("status = 'pause'"),
)


bank_unconfirmed: Final = sa.Table(
    "bank_unconfirmed",
    METADATA,
    sa.Column("payer", sa.Text, primary_key=True, comment="marketplace:account number"),
    sa.Column(
        "waiting", JSONB, nullable=False, comment="payment to when its code can no longer be used"
    ),
    comment="payments that wait for their code, by marketplace and payer: how many mails went out",
)


class Bank(Record, frozen=True, kw_only=True):
    """A bank; its id is the number of its book in the ledger."""

    table: ClassVar[sa.Table] = banks
    keys: ClassVar[tuple[str, ...]] = ("id", "name")

    id: int
    name: str
    created_at: datetime


class Client(Record, frozen=True, kw_only=True):
    """A client of banks, with the address that codes are sent to."""

    table: ClassVar[sa.Table] = bank_clients

    id: int
    name: str
    email: str
    created_at: datetime


class BankAccount(Record, frozen=True, kw_only=True):
    """A client's account at a bank, identified in the API by its number."""

    table: ClassVar[sa.Table] = bank_accounts
    keys: ClassVar[tuple[str, ...]] = ("id", "number")

    id: int
    number: str
    bank_id: int
    client_id: int
    created_at: datetime
    wrong_codes: int = 0
    wrong_codes_since: datetime | None = None
    bank_name: str | None = None


class Tariff(Record, frozen=True, kw_only=True):
    """The fee of payments from one bank to another."""

    table: ClassVar[sa.Table] = banks_percents
    keys: ClassVar[tuple[str, ...]] = ("id", "pair")

    id: int
    pair: str
    percent_bp: int
    min_amount_money: int
    refund_fee: str


class Unconfirmed(Record, frozen=True, kw_only=True):
    """Payments of a marketplace that wait for codes of a payer; `waiting`: expiry by payment id."""

    table: ClassVar[sa.Table] = bank_unconfirmed
    keys: ClassVar[tuple[str, ...]] = ("payer",)

    payer: str
    waiting: Mapping[str, str]


class BankPayment(Record, frozen=True, kw_only=True):
    """A payment, from the request to its refund."""

    table: ClassVar[sa.Table] = bank_payments
    keys: ClassVar[tuple[str, ...]] = ("id", "operation_key")

    id: UUID
    operation_key: str
    marketplace_id: int
    customer_account_id: int
    customer_bank_id: int
    seller_account_id: int
    seller_bank_id: int
    minor: int
    fee_minor: int
    refund_fee: str
    status: str
    code_hash: bytes
    attempts: int
    expires_at: datetime
    created_at: datetime
    paid_at: datetime | None
    refunded_at: datetime | None
    refund_id: UUID | None
    customer_number: str | None = None
    customer_bank: str | None = None
    seller_number: str | None = None
    seller_bank: str | None = None

    @property
    def is_between_banks(self) -> bool:
        """True when it uses the clearing accounts."""
        return self.customer_bank_id != self.seller_bank_id
