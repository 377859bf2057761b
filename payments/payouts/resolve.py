"""payout.resolve: two operators resolve a payout whose outcome is in doubt.

The second operator must be another person and send the same resolution.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.holds.tables import Hold
from payments.kernel.clock import rfc3339
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Outcome, Refused
from payments.operations.refusals import (
    APPROVER_IS_PROPOSER,
    NOTHING_PROPOSED,
    OTHER_RESOLUTION_PROPOSED,
    OtherProposal,
)
from payments.payouts.move import (
    Fact,
    Moved,
    PayoutMoved,
    PayoutStands,
    accounts,
    outcome,
    refs,
    settle,
    step,
)
from payments.payouts.refusals import NOT_RESOLVABLE, PAYOUT_NOT_FOUND
from payments.payouts.status import HOLDING, RESOLVABLE, Claim, Verdict, judge
from payments.payouts.tables import Attempt, Payout
from payments.provider.sighting import Source

RESOLUTIONS: Final[Mapping[str, Claim]] = {
    "accepted": Claim.ACCEPTED,
    "paid": Claim.PAID,
    "failed": Claim.FAILED,
    "canceled": Claim.CANCELED,
}
"""Resolutions the API accepts."""


class ResolvePayout(Intent, frozen=True):
    """The first call proposes; the second, by another client with the same resolution, executes.

    `rejects`: it takes the proposal of this resolution back instead, whoever sends it.
    """

    added: ClassVar[tuple[str, ...]] = ("rejects",)

    payout_id: UUID
    resolution: str
    reason: str
    rejects: bool = False


class PayoutResolved(PayoutMoved, frozen=True, kw_only=True):
    """`resolution_status`: proposed (a second operator must agree), done, or rejected."""

    resolution: str
    resolution_status: Annotated[str, one_of(("proposed", "done", "rejected"))]
    proposal: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


def decide(intent: ResolvePayout, state: State, context: Context) -> Outcome:
    """Only a payout in doubt can be resolved, and proposer and approver must differ."""
    payout = state.record(Payout, intent.payout_id)
    hold = state.record(Hold, intent.payout_id)
    if payout is None or hold is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    claim = RESOLUTIONS[intent.resolution]
    verdict, after = judge(payout.state, claim, is_operator=True)
    if payout.state not in RESOLVABLE or verdict is not Verdict.APPLIED:
        return Refused(
            refusal=NOT_RESOLVABLE, result=PayoutStands(payout_status=payout.state.value)
        )
    if intent.rejects:
        return _reject(payout, claim, intent, context)
    is_other = payout.proposal is None or payout.proposal["resolution"] != intent.resolution
    is_same_person = payout.proposal is None or payout.proposal["proposed_by"] == context.actor
    if payout.proposal is None or (is_other and is_same_person):
        return _propose(payout, claim, intent, context)  # a proposer may change their own proposal
    if is_same_person or is_other:
        return Refused(refusal=APPROVER_IS_PROPOSER) if is_same_person else _other(payout.proposal)
    fact = _fact(claim, intent, {"proposal": payout.proposal})
    moved, evidence = step(payout, fact, verdict, after, context, reason=f"operators_{after.value}")
    attempt = state.record(Attempt, payout.id, "payout_id")
    ended = None if attempt is None else attempt.changed(is_live=after in HOLDING)
    return outcome(
        moved,
        settle(payout, hold, after, context),
        (evidence, ended),
        result=PayoutResolved,
        more={"resolution": intent.resolution, "resolution_status": "done"},
    )


def _other(proposal: Mapping[str, Any]) -> Refused:
    return Refused(refusal=OTHER_RESOLUTION_PROPOSED, result=OtherProposal(proposal=proposal))


def _reject(payout: Payout, claim: Claim, intent: ResolvePayout, context: Context) -> Outcome:
    if payout.proposal is None:
        return Refused(refusal=NOTHING_PROPOSED)
    if payout.proposal["resolution"] != intent.resolution:
        return _other(payout.proposal)
    details = {"note": "the proposal was rejected", "proposal": payout.proposal}
    fact = _fact(claim, intent, details)
    verdict = Verdict.FOR_OPERATOR
    moved, evidence = step(payout, fact, verdict, payout.state, context, proposal=None)
    more = {"resolution": intent.resolution, "resolution_status": "rejected"}
    return outcome(moved, Moved(), (evidence,), result=PayoutResolved, more=more)


def _propose(payout: Payout, claim: Claim, intent: ResolvePayout, context: Context) -> Outcome:
    proposal = {
        "resolution": intent.resolution,
        "reason": intent.reason,
        "proposed_by": context.actor,
        "proposed_at": rfc3339(context.now),
    }
    fact = _fact(claim, intent, {"note": "proposed; a second operator has to agree"})
    moved, evidence = step(
        payout, fact, Verdict.FOR_OPERATOR, payout.state, context, proposal=proposal
    )
    more = {"resolution": intent.resolution, "resolution_status": "proposed", "proposal": proposal}
    return outcome(moved, Moved(), (evidence,), result=PayoutResolved, more=more)


def _fact(claim: Claim, intent: ResolvePayout, details: Mapping[str, Any]) -> Fact:
    return Fact(source=Source.OPERATOR, claim=claim, details={"reason": intent.reason, **details})


OPERATION = Operation(
    kind="payout.resolve",
    intent=ResolvePayout,
    result=PayoutResolved,
    partition_key=lambda intent: str(intent.payout_id),
    refs=lambda intent: refs(intent.payout_id),
    accounts=lambda intent, state: accounts(intent.payout_id, state),
    decide=decide,
    refusals=(
        PAYOUT_NOT_FOUND,
        NOT_RESOLVABLE.carrying(PayoutStands),
        APPROVER_IS_PROPOSER,
        OTHER_RESOLUTION_PROPOSED,
        NOTHING_PROPOSED,
    ),
)
