"""payout.cancel: the owner cancels a payout that has not been sent."""

from uuid import UUID

from payments.holds.tables import Hold
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Outcome, Refused
from payments.payouts.move import (
    Fact,
    PayoutMoved,
    PayoutStands,
    accounts,
    outcome,
    refs,
    settle,
    step,
)
from payments.payouts.refusals import NOT_CANCELABLE, PAYOUT_NOT_FOUND
from payments.payouts.status import Claim, PayoutState, judge
from payments.payouts.tables import Attempt, Payout
from payments.provider.sighting import Source


class CancelPayout(Intent, frozen=True):
    """Cancel a held payout."""

    payout_id: UUID


def decide(intent: CancelPayout, state: State, context: Context) -> Outcome:
    """Only a held payout can be canceled: once it is claimed, a request may be on the wire."""
    payout = state.record(Payout, intent.payout_id)
    hold = state.record(Hold, intent.payout_id)
    if payout is None or hold is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    if payout.state is not PayoutState.HELD:
        return Refused(
            refusal=NOT_CANCELABLE, result=PayoutStands(payout_status=payout.state.value)
        )
    verdict, after = judge(payout.state, Claim.CANCEL)
    fact = Fact(source=Source.US, claim=Claim.CANCEL, details={"note": "canceled by its owner"})
    moved, evidence = step(payout, fact, verdict, after, context, reason="canceled_by_owner")
    attempt = state.record(Attempt, payout.id, "payout_id")
    ended = None if attempt is None else attempt.changed(is_live=False)
    return outcome(moved, settle(payout, hold, after, context), (evidence, ended))


OPERATION = Operation(
    kind="payout.cancel",
    intent=CancelPayout,
    result=PayoutMoved,
    partition_key=lambda intent: str(intent.payout_id),
    refs=lambda intent: refs(intent.payout_id),
    accounts=lambda intent, state: accounts(intent.payout_id, state),
    decide=decide,
    refusals=(PAYOUT_NOT_FOUND, NOT_CANCELABLE.carrying(PayoutStands)),
)
