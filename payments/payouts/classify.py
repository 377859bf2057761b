"""Turns evidence about a payout into a claim for the transition table."""

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
"""The provider's statuses and what they claim. Unknown statuses are `unrecognized`."""

BREAK_KINDS: Final = (
    BreakKind.LATE_PAID_AFTER_RELEASE,
    BreakKind.STATUS_MISMATCH,
    BreakKind.AMOUNT_MISMATCH,
    BreakKind.CURRENCY_MISMATCH,
    BreakKind.REFERENCE_MISMATCH,
    BreakKind.VERSION_MISMATCH,
)
"""Kinds of break that evidence about a payout may open."""


def break_ids(payout_id: UUID) -> list[UUID]:
    return [break_id(SUPERPAY, kind, str(payout_id)) for kind in BREAK_KINDS]


def mismatch(payout: Payout, sighting: Sighting, seen_version: int = 0) -> BreakKind | None:
    """Which field of the provider's record differs from our payout or from what it showed before.

    `seen_version`: the version we knew when we asked; an answer with a lower one contradicts it.
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
    """The claim a provider's record makes."""
    if is_mismatched:
        return Claim.CONFLICT
    return CLAIMS.get(sighting.status, Claim.UNRECOGNIZED)


def doubted(claim: Claim, attempt: Attempt | None, *, is_recorded: bool) -> Claim:
    """The claim, weakened when an earlier send has an unknown outcome.

    A rejection on arrival tells nothing about the earlier send, which may still be paid. A refusal
    counts only if the provider records it.
    """
    if attempt is None or not attempt.is_doubtful:
        return claim
    if claim is Claim.NOT_SENT or (claim is Claim.FAILED and not is_recorded):
        return Claim.AMBIGUOUS
    return claim


def age_of(payout: Payout, sighting: Sighting | None, seen_version: int = 0) -> int:
    """Difference to the newest version we have seen: <0 older, >0 newer.

    An answer below the version we had seen before asking is not old: it is the provider's current
    answer. It counts as 0.
    """
    if sighting is None or sighting.version < seen_version:
        return 0
    return sighting.version - payout.provider_version


def is_worth_asking(payout: Payout, fact: Fact, verdict: Verdict) -> bool:
    """True for a callback that is stale by version and yet contradicts what we know.

    Versions come from callbacks too, and one of them may have been wrong.
    """
    if fact.source is not Source.CALLBACK or verdict is not Verdict.STALE:
        return False
    if_it_were_new, _ = judge(payout.state, fact.claim)
    return if_it_were_new in {Verdict.APPLIED, Verdict.CONFLICT}


def attempt_after(
    attempt: Attempt | None, claim: Claim, before: PayoutState, after: PayoutState, context: Context
) -> Attempt | None:
    """The attempt after evidence: doubtful once the outcome is unknown, ended with the hold."""
    if attempt is None:
        return None
    is_doubt = before is PayoutState.SUBMITTING and after is PayoutState.UNKNOWN
    is_missing = claim is Claim.NOT_FOUND and after is PayoutState.UNKNOWN
    return attempt.changed(
        is_doubtful=attempt.is_doubtful or is_doubt,
        # The time of the query, not the time at which the stream delivered the answer.
        not_found_at=context.submitted_at if is_missing else attempt.not_found_at,
        is_live=after in HOLDING,
    )


def break_of(
    payout: Payout,
    evidence: Evidence,
    mismatched: BreakKind | None,
    sighting: Sighting | None,
    state: State,
) -> Break | None:
    """The break this evidence opens or updates; None when there is nothing new."""
    kind = _kind(payout, evidence, mismatched)
    if kind is None:
        return None
    opened = new_break(
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
    return followed(state.record(Break, opened.id), opened)


def _kind(payout: Payout, evidence: Evidence, mismatched: BreakKind | None) -> BreakKind | None:
    if evidence.claim is Claim.CONFLICT and evidence.verdict is not Verdict.STALE:
        return mismatched or BreakKind.REFERENCE_MISMATCH
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
    """The details stored with a piece of evidence."""
    details: dict[str, Any] = {
        name: text for name, text in (("code", code), ("detail", detail)) if text
    }
    if sighting is None:
        return details
    currency = CURRENCIES.get(sighting.currency)
    amount = None if currency is None else format_minor(sighting.minor, currency)
    return {
        **details,
        "status": sighting.status,
        "transaction_id": sighting.transaction_id,
        "version": sighting.version,
        "amount": amount,
        "currency": sighting.currency,
        **({"failure": sighting.failure} if sighting.failure else {}),
    }
