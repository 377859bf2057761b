"""payout.check: a due payout is sent, queried, or sent again. A timer never fails a payout."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Effect, Outcome, Refused
from payments.payouts.keepback import WALLET_REASONS, kept_back, set_free, wallet_refusal
from payments.payouts.move import Fact, Moved, PayoutMoved, accounts, outcome, refs, step
from payments.payouts.refusals import NOT_WATCHED, PAYOUT_NOT_FOUND
from payments.payouts.request import SUBMIT_EFFECT, query_effect
from payments.payouts.status import WATCHED, Claim, PayoutState, judge
from payments.payouts.tables import Attempt, Evidence, Payout
from payments.provider.sighting import Source

SENDS_MAX: Final = 6
"""After this many sends that the provider never found, the payout needs an operator."""
SUBMITTING_MAX_S: Final = 120
"""A claim older than this belongs to an executor that died; handlers end after 45 s."""


class CheckPayout(Intent, frozen=True):
    """A payout whose next check is due.

    `checks`: the count the scheduler saw; a check with another count is refused, so duplicates are
    harmless. `resend_after_s`: ignore the provider's 404 for this long after a send. `is_extra`: an
    unverified callback asked for this check; it queries once and leaves the schedule unchanged.
    """

    payout_id: UUID
    checks: int
    resend_after_s: float
    is_extra: bool = False


def decide(intent: CheckPayout, state: State, context: Context) -> Outcome:
    """Held: send it. Unknown and never found: send the same attempt again. Otherwise: query it.

    Nothing is sent from a frozen wallet: a held payout waits, an unknown one is queried.
    """
    payout = state.record(Payout, intent.payout_id)
    if payout is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    if intent.is_extra:
        return _extra(payout)
    if payout.state not in WATCHED or payout.checks != intent.checks:
        return Refused(refusal=NOT_WATCHED)
    attempt = state.record(Attempt, payout.id, "payout_id")
    if payout.state is PayoutState.SUBMITTING:
        return _left_behind(payout, attempt, context)
    is_resend = payout.state is PayoutState.UNKNOWN and _is_missing(attempt, intent.resend_after_s)
    if is_resend or payout.state is PayoutState.HELD:
        exhausted = _exhausted(payout, attempt, context) if is_resend else None
        return exhausted or _send(payout, state, context, is_resend=is_resend)
    is_free = payout.reason in WALLET_REASONS and wallet_refusal(payout, state) is None
    open_payout, evidence = set_free(payout, context) if is_free else (payout, None)
    return _next(open_payout, (query_effect(open_payout),), context, evidence)


def _send(payout: Payout, state: State, context: Context, *, is_resend: bool) -> Outcome:
    refused = wallet_refusal(payout, state)
    if refused is not None:
        waiting, evidence = kept_back(payout, refused, context)
        effects = (query_effect(waiting),) if waiting.state is PayoutState.UNKNOWN else ()
        return _next(waiting, effects, context, evidence)
    payable, evidence = set_free(payout, context)
    body = {"payout_id": str(payout.id), "is_resend": is_resend}
    return _next(payable, (Effect(kind=SUBMIT_EFFECT, body=body),), context, evidence)


def _is_missing(attempt: Attempt | None, resend_after_s: float) -> bool:
    """True when the provider did not know the payout and no earlier send can still arrive."""
    if attempt is None or attempt.not_found_at is None:
        return False
    return attempt.not_found_at - attempt.last_sent_at >= timedelta(seconds=resend_after_s)


def _extra(payout: Payout) -> Outcome:
    if payout.state in {PayoutState.HELD, PayoutState.SUBMITTING}:
        return Refused(refusal=NOT_WATCHED)
    return outcome(payout, Moved(), (), effects=(query_effect(payout),))


def _next(
    payout: Payout, effects: tuple[Effect, ...], context: Context, evidence: Evidence | None = None
) -> Outcome:
    checked = payout.changed(
        checks=payout.checks + 1, checked_at=context.now, updated_at=context.now
    )
    return outcome(checked, Moved(), (evidence,), effects=effects)


def _left_behind(payout: Payout, attempt: Attempt | None, context: Context) -> Outcome:
    """After a crash in `submitting` the outcome of the send is unknown."""
    claimed_at = payout.state_since if attempt is None else attempt.last_sent_at
    if context.submitted_at - claimed_at < timedelta(seconds=SUBMITTING_MAX_S):
        return _waiting(payout, context)
    verdict, after = judge(payout.state, Claim.AMBIGUOUS)
    note = {"note": "the executor that was sending it did not report back", "code": "executor_lost"}
    fact = Fact(source=Source.US, claim=Claim.AMBIGUOUS, details=note)
    moved, evidence = step(payout, fact, verdict, after, context, reason="executor_lost")
    uncertain = None if attempt is None else attempt.changed(is_doubtful=True)
    return outcome(moved, Moved(), (evidence, uncertain), effects=(query_effect(payout),))


def _waiting(payout: Payout, context: Context) -> Outcome:
    return outcome(payout.changed(checks=payout.checks + 1, checked_at=context.now), Moved(), ())


def _exhausted(payout: Payout, attempt: Attempt | None, context: Context) -> Outcome | None:
    if attempt is None or attempt.sends < SENDS_MAX:
        return None
    verdict, after = judge(payout.state, Claim.EXHAUSTED)
    note = {"note": f"sent {attempt.sends} times, never found", "code": "never_found"}
    fact = Fact(source=Source.US, claim=Claim.EXHAUSTED, details=note)
    moved, evidence = step(payout, fact, verdict, after, context, reason="never_found")
    return outcome(moved, Moved(), (evidence,))


OPERATION = Operation(
    kind="payout.check",
    intent=CheckPayout,
    result=PayoutMoved,
    partition_key=lambda intent: str(intent.payout_id),
    refs=lambda intent: refs(intent.payout_id),
    accounts=lambda intent, state: accounts(intent.payout_id, state),
    decide=decide,
    refusals=(PAYOUT_NOT_FOUND, NOT_WATCHED),
)
