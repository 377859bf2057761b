"""Tables of deposits: what was asked for, what arrived, and every piece of evidence."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.deposits.status import OPEN, PAID, DepositState
from payments.kernel.database import METADATA
from payments.operations.record import Record
from payments.provider.sighting import Source


def _in(states: Any) -> str:
    return ", ".join(sorted(f"'{s.value}'" for s in states))


deposits: Final = sa.Table(
    "deposits",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that made it"),
    sa.Column("merchant_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column(
        "wallet_id",
        sa.BigInteger,
        sa.ForeignKey("wallets.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    sa.Column("minor", sa.BigInteger, nullable=False, comment="asked for"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("success_url", sa.Text, nullable=False),
    sa.Column("failure_url", sa.Text, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("redirect_url", sa.Text, comment="where the payer goes"),
    sa.Column("expires_at", sa.DateTime(timezone=True)),
    sa.Column("paid_minor", sa.BigInteger, comment="what arrived, in paid_currency"),
    sa.Column("paid_currency", sa.Text),
    sa.Column("version", sa.Integer, nullable=False, comment="pieces of evidence so far"),
    sa.Column("provider_id", sa.Text, comment="SuperPay's transaction_id"),
    sa.Column("provider_version", sa.BigInteger, nullable=False),
    sa.Column("checks", sa.Integer, nullable=False),
    sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint(f"state IN ({_in(DepositState)})", name="state"),
    # Money arrives once, and only a paid state has it.
    sa.CheckConstraint(f"(state IN ({_in(PAID)})) = (paid_minor IS NOT NULL)", name="paid"),
    sa.CheckConstraint("minor > 0 AND (paid_minor IS NULL OR paid_minor > 0)", name="minor"),
    sa.CheckConstraint("(paid_minor IS NULL) = (paid_currency IS NULL)", name="paid_currency"),
)
sa.Index(
    "deposits_open_checked_at_idx",
    deposits.c.checked_at,
    postgresql_where=sa.text(f"state IN ({_in(OPEN)})"),
)
sa.Index("deposits_state_created_at_idx", deposits.c.state, deposits.c.created_at, deposits.c.id)
sa.Index(
    "deposits_provider_id_idx",
    deposits.c.provider_id,
    postgresql_where=deposits.c.provider_id.is_not(None),
)
sa.Index("deposits_created_at_id_idx", deposits.c.created_at, deposits.c.id)
sa.Index(
    "deposits_wallet_id_created_at_id_idx",
    deposits.c.wallet_id,
    deposits.c.created_at,
    deposits.c.id,
)

deposit_evidence: Final = sa.Table(
    "deposit_evidence",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that stored it"),
    sa.Column(
        "deposit_id",
        sa.Uuid,
        sa.ForeignKey("deposits.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    sa.Column("number", sa.Integer, nullable=False, comment="1, 2, 3 … within the deposit"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("state_before", sa.Text),
    sa.Column("state_after", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("callback_id", sa.Uuid),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("deposit_id", "number"),
)


class Deposit(Record, frozen=True):
    """Money a payer was asked for, and what arrived."""

    table: ClassVar[sa.Table] = deposits
    keys: ClassVar[tuple[str, ...]] = ("id", "merchant_id")

    id: UUID
    merchant_id: int
    wallet_id: int
    minor: int
    currency: str
    description: str
    success_url: str
    failure_url: str
    locale: str
    state: DepositState
    reason: str | None
    redirect_url: str | None
    expires_at: datetime | None
    paid_minor: int | None
    paid_currency: str | None
    version: int
    provider_id: str | None
    provider_version: int
    checks: int
    checked_at: datetime
    requested_by: str
    created_at: datetime
    updated_at: datetime


class DepositEvidence(Record, frozen=True):
    """One thing we did or learned about a deposit; append-only."""

    table: ClassVar[sa.Table] = deposit_evidence

    id: UUID
    deposit_id: UUID
    number: int
    source: Source
    verdict: str
    state_before: DepositState | None
    state_after: DepositState
    details: Mapping[str, Any]
    callback_id: UUID | None
    actor: str
    recorded_at: datetime
