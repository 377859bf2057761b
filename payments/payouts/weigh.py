"""What evidence about a payout claims: the provider's words against ours.

Before the table decides.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from payments.breaks.follow import followed
from payments.breaks.tables import Break, BreakKind, break_id, new_break
from payments.kernel.money import CURRENCIES, format_minor
from payments.operations.operation import Context, State
from payments.payouts.move import Fact
from payments.payouts.status import HOLDING, RELEASED, Claim, PayoutState, Verdict, judge
from payments.payouts.tables import Attempt, Evidence, Payout
from payments.provider.sighting import Sighting, Source
from payments.provider.tables import SUPERPAY

CLAIMS: Final[Mapping[str, Claim]] = {
    "created": Claim.ACCEPTED,
    "processing": Claim.ACCEPTED,
    "paid": Claim.PAID,
    "failed": Claim.FAILED,
    "canceled": Claim.CANCELED,
    "returned": Claim.RETURNED,
}
"""The provider's words. One it does not have today is `unrecognized` until we know it."""

BREAK_KINDS: Final = (
    BreakKind.LATE_PAID_AFTER_RELEASE,
    BreakKind.STATUS_MISMATCH,
    BreakKind.AMOUNT_MISMATCH,
    BreakKind.CURRENCY_MISMATCH,
    BreakKind.REFERENCE_MISMATCH,
    BreakKind.VERSION_MISMATCH,
)
"""What evidence about a payout may find."""


def break_ids(payout_id: UUID) -> list[UUID]:
    """The ids those breaks would have."""
    return [break_id(SUPERPAY, kind, str(payout_id)) for kind in BREAK_KINDS]


def mismatch(payout: Payout, sighting: Sighting, seen_version: int = 0) -> BreakKind | None:
    """Which part of the provider's view is not of our payout, or contradicts what it showed before.

    `seen_version`: the version we knew when we asked; an answer below it takes something back.
    """
    if sighting.currency != payout.currency:
        return BreakKind.CURRENCY_MISMATCH
    if sighting.minor != payout.minor:
        return BreakKind.AMOUNT_MISMATCH
    is_ours = (
        sighting.kind == "payout"
        and sighting.merchant_id == payout.merchant_id
        and sighting.wallet_id == payout.superpay_wallet_id
        and payout.provider_id in {None, sighting.transaction_id}
    )
    if not is_ours:
        return BreakKind.REFERENCE_MISMATCH
    return BreakKind.VERSION_MISMATCH if sighting.version < seen_version else None


def claim_of(sighting: Sighting, is_mismatched: object) -> Claim:
    """What a view of the transaction claims."""
    if is_mismatched:
        return Claim.CONFLICT
    return CLAIMS.get(sighting.status, Claim.UNRECOGNIZED)


def doubted(claim: Claim, attempt: Attempt | None, *, is_recorded: bool) -> Claim:
    """An answer about this send says nothing of an earlier one whose fate is unknown.

    Turned away at the door this time, the first one may still be paid; a refusal counts when the
    provider keeps it.
    """
    if attempt is None or not attempt.is_doubtful:
        return claim
    if claim is Claim.NOT_SENT or (claim is Claim.FAILED and not is_recorded):
        return Claim.AMBIGUOUS
    return claim


def age_of(payout: Payout, sighting: Sighting | None, seen_version: int = 0) -> int:
    """Below zero: older than what we have seen of it; above: newer.

    An answer below what we had seen before we asked is not old news: it is what is said now.
    """
    if sighting is None or sighting.version < seen_version:
        return 0
    return sighting.version - payout.provider_version


def is_worth_asking(payout: Payout, fact: Fact, verdict: Verdict) -> bool:
    """True for a callback that is old by its version and yet says something else than we know.

    Versions come from callbacks too, and one of them may have been wrong.
    """
    if fact.source is not Source.CALLBACK or verdict is not Verdict.STALE:
        return False
    if_it_were_new, _ = judge(payout.state, fact.claim)
    return if_it_were_new in {Verdict.APPLIED, Verdict.CONFLICT}


def attempt_after(
    attempt: Attempt | None, claim: Claim, before: PayoutState, after: PayoutState, context: Context
) -> Attempt | None:
    """The attempt after evidence: doubtful once nobody knows, ended with the hold."""
    if attempt is None:
        return None
    is_doubt = before is PayoutState.SUBMITTING and after is PayoutState.UNKNOWN
    is_missing = claim is Claim.NOT_FOUND and after is PayoutState.UNKNOWN
    return attempt.changed(
        is_doubtful=attempt.is_doubtful or is_doubt,
        # When the provider was asked, not when the answer got through the stream.
        not_found_at=context.submitted_at if is_missing else attempt.not_found_at,
        is_live=after in HOLDING,
    )


def break_of(
    payout: Payout,
    evidence: Evidence,
    found: BreakKind | None,
    sighting: Sighting | None,
    state: State,
) -> Break | None:
    """The break this evidence opens, unless it is open (or was resolved) already."""
    kind = _kind(payout, evidence, found)
    if kind is None:
        return None
    found_now = new_break(
        SUPERPAY,
        kind,
        str(payout.id),
        merchant_id=payout.merchant_id,
        subject_id=payout.id,
        at_risk=(_at_risk(payout, kind, sighting), payout.currency),
        details={"ours": _ours(payout), "theirs": evidence.details},
        found_by=f"evidence:{evidence.source.value}:{evidence.id}",
        now=evidence.recorded_at,
    )
    return followed(state.record(Break, found_now.id), found_now)


def _kind(payout: Payout, evidence: Evidence, found: BreakKind | None) -> BreakKind | None:
    if evidence.claim is Claim.CONFLICT and evidence.verdict is not Verdict.STALE:
        return found or BreakKind.REFERENCE_MISMATCH
    is_unsent = payout.state is PayoutState.HELD and evidence.verdict is Verdict.APPLIED
    is_known = evidence.state_after is PayoutState.NEEDS_OPERATOR
    if evidence.verdict is not Verdict.CONFLICT and not (is_unsent and is_known):
        return None
    if payout.state in RELEASED and evidence.claim is Claim.PAID:
        return BreakKind.LATE_PAID_AFTER_RELEASE
    return BreakKind.STATUS_MISMATCH


def _at_risk(payout: Payout, kind: BreakKind, sighting: Sighting | None) -> int:
    if kind is BreakKind.AMOUNT_MISMATCH and sighting is not None:
        return abs(sighting.minor - payout.minor)
    return payout.minor


def _ours(payout: Payout) -> dict[str, Any]:
    return {
        "status": payout.state.value,
        "amount": format_minor(payout.minor, CURRENCIES[payout.currency]),
        "currency": payout.currency,
    }


def details_of(sighting: Sighting | None, code: str, detail: str) -> dict[str, Any]:
    """What is kept of a piece of evidence."""
    kept: dict[str, Any] = {
        name: text for name, text in (("code", code), ("detail", detail)) if text
    }
    if sighting is None:
        return kept
    currency = CURRENCIES.get(sighting.currency)
    amount = None if currency is None else format_minor(sighting.minor, currency)
    return {
        **kept,
        "status": sighting.status,
        "transaction_id": sighting.transaction_id,
        "version": sighting.version,
        "amount": amount,
        "currency": sighting.currency,
        **({"failure": sighting.failure} if sighting.failure else {}),
    }
