"""Tables of organizations and of payments that the bank reports for them."""

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.kernel.ids import AccountId
from payments.ledger.chart import AccountSpec, Kind, account_id, house, owned
from payments.operations.record import Record

CURRENCY: Final = "RUB"
_INN: Final = "inn ~ '^([0-9]{10}|[0-9]{12})$'"

organizations: Final = sa.Table(
    "organizations",
    METADATA,
    sa.Column(
        "id", sa.BigInteger, sa.Identity(), primary_key=True, comment="number of its account"
    ),
    sa.Column("inn", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(_INN, name="inn"),
)

organization_payments: Final = sa.Table(
    "organization_payments",
    METADATA,
    # The bank's own id as primary key: the last guard against crediting a payment twice.
    sa.Column("id", sa.Uuid, primary_key=True, comment="operation_id of the bank"),
    sa.Column("operation_id", sa.Uuid, nullable=False, unique=True, comment="ours"),
    sa.Column("payer_inn", sa.Text, nullable=False),
    sa.Column("organization_id", sa.BigInteger, sa.ForeignKey("organizations.id")),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("document_date", sa.DateTime(timezone=True), nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column(
        "matched_at", sa.DateTime(timezone=True), comment="when it left suspense, if ever there"
    ),
    sa.Column("proposal", JSONB, comment="whose one person says it is; a second one must agree"),
    sa.Column("assignment", JSONB, comment="who assigned it and why, when a person did"),
    sa.Column(
        "meeting", sa.Text, unique=True, comment="INN, number, day and which of such payments"
    ),
    sa.Column("line_id", sa.Uuid, unique=True, comment="the line of a statement that is this"),
    sa.Column(
        "webhook_id",
        sa.Uuid,
        unique=True,
        comment="the bank's id, when the statement came before the webhook",
    ),
    sa.Column(
        "payer",
        sa.Text,
        nullable=False,
        server_default="",
        comment="the payer's name in the statement",
    ),
    sa.Column("purpose", sa.Text, nullable=False, server_default="", comment="in the statement"),
    sa.Column("reversal", JSONB, comment="why and by whom it was returned, whose money paid it"),
    sa.Column("reversed_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint("minor > 0", name="minor"),
    sa.CheckConstraint("status IN ('credited', 'unmatched', 'reversed', 'settled')", name="status"),
    sa.CheckConstraint(
        "status = 'reversed' OR (status = 'credited') = (organization_id IS NOT NULL)",
        name="owner",
    ),
    sa.CheckConstraint("(status = 'reversed') = (reversed_at IS NOT NULL)", name="reversed"),
)
sa.Index("organization_payments_document_number_idx", organization_payments.c.document_number)
sa.Index(
    "organization_payments_unmatched_payer_inn_idx",
    organization_payments.c.payer_inn,
    postgresql_where=sa.text("status = 'unmatched'"),
)
sa.Index(
    "organization_payments_received_at_id_idx",
    organization_payments.c.received_at,
    organization_payments.c.id,
)
sa.Index("organization_payments_organization_id_idx", organization_payments.c.organization_id)
sa.Index(
    "organization_payments_status_received_at_id_idx",
    organization_payments.c.status,
    organization_payments.c.received_at,
    organization_payments.c.id,
)
sa.Index("organization_payments_payer_inn_idx", organization_payments.c.payer_inn)
sa.Index(
    "organization_payments_without_line_day_idx",
    sa.text("(CAST(timezone('Europe/Moscow', document_date) AS date))"),
    organization_payments.c.id,
    postgresql_where=sa.text("line_id IS NULL"),
)

organization_balance_changes: Final = sa.Table(
    "organization_balance_changes",
    METADATA,
    sa.Column("operation_id", sa.Uuid, primary_key=True),
    sa.Column("organization_id", sa.BigInteger, sa.ForeignKey("organizations.id"), nullable=False),
    sa.Column("payment_id", sa.Uuid, comment="null: a transfer to a wallet"),
    sa.Column("wallet_id", sa.BigInteger, comment="where a transfer went"),
    sa.Column("before_minor", sa.BigInteger, nullable=False),
    sa.Column("after_minor", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("(payment_id IS NULL) = (wallet_id IS NOT NULL)", name="cause"),
    comment="every change of an organization's balance, before and after",
)
sa.Index(
    "organization_balance_changes_organization_id_recorded_at_idx",
    organization_balance_changes.c.organization_id,
    organization_balance_changes.c.recorded_at,
    organization_balance_changes.c.operation_id,
)


class PaymentStatus(enum.Enum):
    """Where the payment stands."""

    CREDITED = "credited"
    """An organization has it."""
    UNMATCHED = "unmatched"
    """It is in suspense."""
    REVERSED = "reversed"
    """The bank returned it to the payer."""
    SETTLED = "settled"
    """A provider paid out what its settlement files say: it is nobody's."""


class Organization(Record, frozen=True):
    """An organization that the bank reports payments for, identified by its INN."""

    table: ClassVar[sa.Table] = organizations
    keys: ClassVar[tuple[str, ...]] = ("id", "inn")
    is_fixed: ClassVar[bool] = True

    id: int
    inn: str
    name: str
    created_at: datetime

    @property
    def account(self) -> AccountSpec:
        """Its account, numbered by the row: numbers made from INNs of 10 and 12 digits
        could clash.
        """
        return owned(Kind.ORGANIZATION, self.id, CURRENCY)


class BankPayment(Record, frozen=True):
    """A payment that the bank reported."""

    table: ClassVar[sa.Table] = organization_payments
    keys: ClassVar[tuple[str, ...]] = ("id", "meeting", "line_id")

    id: UUID
    operation_id: UUID
    payer_inn: str
    organization_id: int | None
    minor: int
    currency: str
    document_number: str
    document_date: datetime
    status: PaymentStatus
    received_at: datetime
    matched_at: datetime | None
    proposal: Mapping[str, Any] | None = None
    assignment: Mapping[str, Any] | None = None
    meeting: str | None = None
    line_id: UUID | None = None
    webhook_id: UUID | None = None
    reversal: Mapping[str, Any] | None = None
    reversed_at: datetime | None = None
    payer: str = ""
    purpose: str = ""


class BalanceChange(Record, frozen=True):
    """A change of an organization's balance: by a payment, or by a transfer to a wallet."""

    table: ClassVar[sa.Table] = organization_balance_changes
    keys: ClassVar[tuple[str, ...]] = ("operation_id",)

    operation_id: UUID
    organization_id: int
    payment_id: UUID | None
    before_minor: int
    after_minor: int
    recorded_at: datetime
    wallet_id: int | None = None


def bank_account() -> AccountSpec:
    """The house account that the bank's payments are debited from."""
    return house(Kind.BANK_WEBHOOK, CURRENCY)


def suspense_account() -> AccountSpec:
    """The account of payments without a known organization."""
    return house(Kind.SUSPENSE, CURRENCY)


def organization_account_id(organization_id: int) -> AccountId:
    """The ledger account of an organization."""
    return account_id(Kind.ORGANIZATION, organization_id)
