"""Tables of payouts: the payout, its attempts at the provider, the evidence about it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.operations.record import Record
from payments.payees.tables import payees
from payments.payouts.status import WATCHED, Claim, PayoutState, Verdict
from payments.provider.sighting import Source

_WATCHED: Final = ", ".join(sorted(f"'{s.value}'" for s in WATCHED))
_STATES: Final = ", ".join(f"'{s.value}'" for s in PayoutState)

payouts: Final = sa.Table(
    "payouts",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that made it; its hold's id"),
    sa.Column("merchant_id", sa.BigInteger, nullable=False, unique=True),
    sa.Column(
        "wallet_id",
        sa.BigInteger,
        sa.ForeignKey("wallets.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    sa.Column("superpay_wallet_id", sa.Text, nullable=False),
    sa.Column(
        "payee_id",
        sa.Uuid,
        sa.ForeignKey(payees.c.id),
        comment="the saved wallet that the payout named",
    ),
    sa.Column("minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, comment="a code: why it failed, or what made it doubtful"),
    sa.Column("version", sa.Integer, nullable=False, comment="pieces of evidence so far"),
    sa.Column("provider_id", sa.Text, comment="SuperPay's transaction_id"),
    sa.Column("provider_version", sa.BigInteger, nullable=False),
    sa.Column("checks", sa.Integer, nullable=False, comment="checks since the state was entered"),
    sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("proposal", JSONB, comment="a resolution that waits for a second person"),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.CheckConstraint(f"state IN ({_STATES})", name="state"),
    sa.CheckConstraint(f"(state IN ({_WATCHED})) = (ended_at IS NULL)", name="ended"),
    sa.CheckConstraint("minor > 0", name="minor"),
)
sa.Index(
    "payouts_watched_checked_at_idx",
    payouts.c.checked_at,
    postgresql_where=sa.text(f"state IN ({_WATCHED})"),
)
sa.Index("payouts_created_at_id_idx", payouts.c.created_at, payouts.c.id)
sa.Index("payouts_state_created_at_idx", payouts.c.state, payouts.c.created_at, payouts.c.id)
sa.Index(
    "payouts_provider_id_idx",
    payouts.c.provider_id,
    postgresql_where=payouts.c.provider_id.is_not(None),
)
sa.Index("payouts_wallet_id_idx", payouts.c.wallet_id, payouts.c.created_at)

payout_attempts: Final = sa.Table(
    "payout_attempts",
    METADATA,
    sa.Column("merchant_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "payout_id",
        sa.Uuid,
        sa.ForeignKey("payouts.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    sa.Column(
        "claim_id", sa.Uuid, nullable=False, comment="the payout.submit that last claimed it"
    ),
    sa.Column("sends", sa.Integer, nullable=False, comment="claims; each sends at most once"),
    sa.Column("is_live", sa.Boolean, nullable=False),
    sa.Column("is_doubtful", sa.Boolean, nullable=False, comment="a send had no clear answer"),
    sa.Column("first_sent_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("last_sent_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("not_found_at", sa.DateTime(timezone=True), comment="the newest 404 to a query"),
    sa.CheckConstraint("sends > 0", name="sends"),
)
sa.Index(
    "payout_attempts_live_key",
    payout_attempts.c.payout_id,
    unique=True,
    postgresql_where=sa.text("is_live"),
)

payout_evidence: Final = sa.Table(
    "payout_evidence",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="the operation that stored it"),
    sa.Column(
        "payout_id",
        sa.Uuid,
        sa.ForeignKey("payouts.id", deferrable=True, initially="DEFERRED"),
        nullable=False,
    ),
    sa.Column("number", sa.Integer, nullable=False, comment="1, 2, 3 … within the payout"),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("claim", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("state_before", sa.Text),
    sa.Column("state_after", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False),
    sa.Column("callback_id", sa.Uuid),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.UniqueConstraint("payout_id", "number"),
)


class Payout(Record, frozen=True):
    """Money on its way to a SuperPay wallet. `version` counts the evidence about it."""

    table: ClassVar[sa.Table] = payouts
    keys: ClassVar[tuple[str, ...]] = ("id", "merchant_id")

    id: UUID
    merchant_id: int
    wallet_id: int
    superpay_wallet_id: str
    minor: int
    currency: str
    description: str
    state: PayoutState
    reason: str | None
    version: int
    provider_id: str | None
    provider_version: int
    checks: int
    checked_at: datetime
    state_since: datetime
    proposal: Mapping[str, Any] | None
    requested_by: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    payee_id: UUID | None = None


class Attempt(Record, frozen=True):
    """A payout under its merchant id at the provider; a resend is the same attempt."""

    table: ClassVar[sa.Table] = payout_attempts
    keys: ClassVar[tuple[str, ...]] = ("merchant_id", "payout_id")

    merchant_id: int
    payout_id: UUID
    claim_id: UUID
    sends: int
    is_live: bool
    is_doubtful: bool
    first_sent_at: datetime
    last_sent_at: datetime
    not_found_at: datetime | None


class Evidence(Record, frozen=True):
    """One thing we learned or did about a payout; append-only."""

    table: ClassVar[sa.Table] = payout_evidence

    id: UUID
    payout_id: UUID
    number: int
    source: Source
    claim: Claim
    verdict: Verdict
    state_before: PayoutState | None
    state_after: PayoutState
    details: Mapping[str, Any]
    callback_id: UUID | None
    actor: str
    recorded_at: datetime
