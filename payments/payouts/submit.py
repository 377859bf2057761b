"""payout.submit: the claim, committed before the first byte is sent.

Only the executor whose submit made the claim may send, and only once.
"""

from uuid import UUID

import msgspec

from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Outcome, Refused
from payments.payouts.keepback import WALLET_REASONS, kept_back, wallet_refusal
from payments.payouts.move import Fact, Moved, PayoutMoved, accounts, outcome, refs, step
from payments.payouts.refusals import NOT_SUBMITTABLE, PAYOUT_NOT_FOUND
from payments.payouts.status import Claim, PayoutState, judge
from payments.payouts.tables import Attempt, Payout
from payments.provider.sighting import Source
from payments.wallets.refusals import USABLE_REFUSALS


class SubmitPayout(Intent, frozen=True):
    """Claim a held payout, or (`is_resend`) the same attempt of one whose outcome is unknown."""

    payout_id: UUID
    is_resend: bool = False


class PayoutSubmitted(PayoutMoved, frozen=True, kw_only=True):
    """What the executor sends: the row at the time of the claim."""

    minor: int
    currency: str
    superpay_wallet_id: str
    description: str


def decide(intent: SubmitPayout, state: State, context: Context) -> Outcome:
    """Only a held payout can be claimed, or an unknown one for a resend.

    This is the last chance to stop a payout whose wallet was frozen after the request.
    """
    payout = state.record(Payout, intent.payout_id)
    if payout is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    expected = PayoutState.UNKNOWN if intent.is_resend else PayoutState.HELD
    if payout.state is not expected:
        return Refused(refusal=NOT_SUBMITTABLE)
    refused = wallet_refusal(payout, state)
    if refused is not None:
        rows = kept_back(payout, refused, context)
        return msgspec.structs.replace(refused, puts=tuple(row for row in rows if row is not None))
    verdict, after = judge(payout.state, Claim.SUBMIT)
    attempt = _claimed(payout, state.record(Attempt, payout.id, "payout_id"), context)
    note = "sent again under the same merchant id" if intent.is_resend else "about to be sent"
    fact = Fact(source=Source.US, claim=Claim.SUBMIT, details={"note": note, "send": attempt.sends})
    reason = None if payout.reason in WALLET_REASONS else payout.reason
    moved, evidence = step(payout, fact, verdict, after, context, reason=reason)
    # The executor builds its request from the row at the time of the claim.
    request = {
        "minor": payout.minor,
        "currency": payout.currency,
        "superpay_wallet_id": payout.superpay_wallet_id,
        "description": payout.description,
    }
    return outcome(moved, Moved(), (attempt, evidence), result=PayoutSubmitted, more=request)


def _claimed(payout: Payout, attempt: Attempt | None, context: Context) -> Attempt:
    if attempt is not None:
        return attempt.changed(
            claim_id=context.operation_id,
            sends=attempt.sends + 1,
            last_sent_at=context.now,
            not_found_at=None,
        )
    return Attempt(
        merchant_id=payout.merchant_id,
        payout_id=payout.id,
        claim_id=context.operation_id,
        sends=1,
        is_live=True,
        is_doubtful=False,
        first_sent_at=context.now,
        last_sent_at=context.now,
        not_found_at=None,
    )


OPERATION = Operation(
    kind="payout.submit",
    intent=SubmitPayout,
    result=PayoutSubmitted,
    partition_key=lambda intent: str(intent.payout_id),
    refs=lambda intent: refs(intent.payout_id),
    accounts=lambda intent, state: accounts(intent.payout_id, state),
    decide=decide,
    refusals=(PAYOUT_NOT_FOUND, NOT_SUBMITTABLE, *USABLE_REFUSALS),
)
