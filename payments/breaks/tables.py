"""Table of breaks. The id is derived from the subject, so the same difference is one row."""

import enum
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from payments.kernel.database import METADATA
from payments.kernel.ids import derived_id
from payments.operations.record import Record


class BreakKind(enum.Enum):
    """What differs."""

    MISSING_AT_PSP = "missing_at_psp"
    MISSING_IN_LEDGER = "missing_in_ledger"
    AMOUNT_MISMATCH = "amount_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    STATUS_MISMATCH = "status_mismatch"
    REFERENCE_MISMATCH = "reference_mismatch"
    DUPLICATE_AT_PSP = "duplicate_at_psp"
    LATE_PAID_AFTER_RELEASE = "late_paid_after_release"
    UNAPPLIED_DEPOSIT = "unapplied_deposit"
    VERSION_MISMATCH = "version_mismatch"
    """The provider answers with an older version than it had shown before."""
    MISSING_AT_BANK = "missing_at_bank"
    """A webhook told of a payment that the statement of its day does not have."""
    STATEMENT_GAP = "statement_gap"
    """A statement does not begin with what the one before it ended with."""
    RETURNED_SPENT = "returned_spent"
    """The bank returned a payment whose organization has spent it: suspense paid."""


class BreakState(enum.Enum):
    """open → assigned → resolved; open again when the facts change."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


SEVERITIES: Final[Mapping[BreakKind, str]] = {
    BreakKind.MISSING_AT_PSP: "high",
    BreakKind.MISSING_IN_LEDGER: "critical",
    BreakKind.AMOUNT_MISMATCH: "high",
    BreakKind.CURRENCY_MISMATCH: "high",
    BreakKind.STATUS_MISMATCH: "high",
    BreakKind.REFERENCE_MISMATCH: "high",
    BreakKind.DUPLICATE_AT_PSP: "critical",
    BreakKind.LATE_PAID_AFTER_RELEASE: "critical",
    BreakKind.UNAPPLIED_DEPOSIT: "medium",
    BreakKind.VERSION_MISMATCH: "high",
    BreakKind.MISSING_AT_BANK: "high",
    BreakKind.STATEMENT_GAP: "high",
    BreakKind.RETURNED_SPENT: "high",
}

breaks: Final = sa.Table(
    "breaks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True, comment="derived from provider, kind and reference"),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("merchant_id", sa.BigInteger),
    sa.Column("subject_id", sa.Uuid, comment="the payout or deposit, when there is one"),
    sa.Column("at_risk_minor", sa.BigInteger, nullable=False, comment="money at risk"),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("details", JSONB, nullable=False, comment="ours and theirs, side by side"),
    sa.Column("found_by", sa.Text, nullable=False, comment="the evidence or registry run"),
    sa.Column("assignee", sa.Text),
    sa.Column("proposal", JSONB, comment="a resolution that waits for a second person"),
    sa.Column("resolution", JSONB),
    sa.Column("resolved_by", sa.Text),
    sa.Column("resolution_id", sa.Uuid, comment="the operation that resolved it"),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("resolved_at", sa.DateTime(timezone=True)),
    sa.Column(
        "history",
        JSONB,
        nullable=False,
        server_default=sa.text("'[]'::jsonb"),
        comment="what it said before, when facts changed or it was opened again; oldest first",
    ),
    sa.CheckConstraint("state IN ('open', 'assigned', 'resolved')", name="state"),
    sa.CheckConstraint("(state = 'resolved') = (resolved_at IS NOT NULL)", name="resolved"),
    sa.CheckConstraint("at_risk_minor >= 0", name="at_risk"),
)
sa.Index(
    "breaks_unresolved_opened_at_idx",
    breaks.c.opened_at,
    postgresql_where=sa.text("state <> 'resolved'"),
)
sa.Index("breaks_opened_at_id_idx", breaks.c.opened_at, breaks.c.id)
sa.Index("breaks_state_opened_at_id_idx", breaks.c.state, breaks.c.opened_at, breaks.c.id)
sa.Index("breaks_kind_opened_at_id_idx", breaks.c.kind, breaks.c.opened_at, breaks.c.id)
sa.Index("breaks_assignee_opened_at_id_idx", breaks.c.assignee, breaks.c.opened_at, breaks.c.id)
sa.Index("breaks_merchant_id_idx", breaks.c.merchant_id)
sa.Index("breaks_subject_id_idx", breaks.c.subject_id)


class Break(Record, frozen=True):
    """A difference and how it was resolved."""

    table: ClassVar[sa.Table] = breaks

    id: UUID
    provider: str
    kind: BreakKind
    severity: str
    state: BreakState
    merchant_id: int | None
    subject_id: UUID | None
    at_risk_minor: int
    currency: str
    details: Mapping[str, Any]
    found_by: str
    assignee: str | None
    proposal: Mapping[str, Any] | None
    resolution: Mapping[str, Any] | None
    resolved_by: str | None
    resolution_id: UUID | None
    opened_at: datetime
    resolved_at: datetime | None
    history: Sequence[Mapping[str, Any]] = ()


def break_of(row: Mapping[str, Any]) -> Break:
    """The record of a row that was read."""
    values = {name: row[name] for name in Break.__struct_fields__}
    return msgspec.convert(values, Break, builtin_types=(UUID, datetime))


@lru_cache(maxsize=8192)  # asked when rows are loaded, and again when it is decided
def break_id(provider: str, kind: BreakKind, reference: str) -> UUID:
    """The id of a break; `reference` names an operation or a registry line."""
    return derived_id("break", f"{provider}:{kind.value}", reference)


def new_break(
    provider: str,
    kind: BreakKind,
    reference: str,
    *,
    merchant_id: int | None,
    subject_id: UUID | None,
    at_risk: tuple[int, str],
    details: Mapping[str, Any],
    found_by: str,
    now: datetime,
) -> Break:
    """An open break; `at_risk` is minor units and currency."""
    return Break(
        id=break_id(provider, kind, reference),
        provider=provider,
        kind=kind,
        severity=SEVERITIES[kind],
        state=BreakState.OPEN,
        merchant_id=merchant_id,
        subject_id=subject_id,
        at_risk_minor=at_risk[0],
        currency=at_risk[1],
        details=details,
        found_by=found_by,
        assignee=None,
        proposal=None,
        resolution=None,
        resolved_by=None,
        resolution_id=None,
        opened_at=now,
        resolved_at=None,
    )
