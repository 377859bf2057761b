"""payout.check: a payout is due; it is sent, asked about, or sent again.

Never failed by a timer.
"""

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
"""After that many sends that were never found, an operator has it."""
SUBMITTING_MAX_S: Final = 120
"""A claim older than this was left by an executor that died; handlers end after 45 s."""


class CheckPayout(Intent, frozen=True):
    """A payout whose next check is due. `checks` is the count the scheduler saw.

    The same check is done once.

    `resend_after_s`: how long after a send the provider's 404 means nothing.
    `is_extra`: somebody hinted at news; asks once and leaves the schedule as it is.
    """

    payout_id: UUID
    checks: int
    resend_after_s: float
    is_extra: bool = False


def decide(intent: CheckPayout, state: State, context: Context) -> Outcome:
    """Held: send it. Unknown and never found: send the same attempt again. Else: ask.

    Nothing is sent for a wallet that is frozen: a held payout waits, an unknown one is asked about.
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
    freed, line = set_free(payout, context) if is_free else (payout, None)
    return _next(freed, (query_effect(freed),), context, line)


def _send(payout: Payout, state: State, context: Context, *, is_resend: bool) -> Outcome:
    refused = wallet_refusal(payout, state)
    if refused is not None:
        kept, line = kept_back(payout, refused, context)
        effects = (query_effect(kept),) if kept.state is PayoutState.UNKNOWN else ()
        return _next(kept, effects, context, line)
    freed, line = set_free(payout, context)
    body = {"payout_id": str(payout.id), "is_resend": is_resend}
    return _next(freed, (Effect(kind=SUBMIT_EFFECT, body=body),), context, line)


def _is_missing(attempt: Attempt | None, resend_after_s: float) -> bool:
    """True when the provider did not know it, and no send of ours can be on its way any more."""
    if attempt is None or attempt.not_found_at is None:
        return False
    return attempt.not_found_at - attempt.last_sent_at >= timedelta(seconds=resend_after_s)


def _extra(payout: Payout) -> Outcome:
    if payout.state in {PayoutState.HELD, PayoutState.SUBMITTING}:
        return Refused(refusal=NOT_WATCHED)
    return outcome(payout, Moved(), (), effects=(query_effect(payout),))


def _next(
    payout: Payout, effects: tuple[Effect, ...], context: Context, line: Evidence | None = None
) -> Outcome:
    checked = payout.changed(
        checks=payout.checks + 1, checked_at=context.now, updated_at=context.now
    )
    return outcome(checked, Moved(), (line,), effects=effects)


def _left_behind(payout: Payout, attempt: Attempt | None, context: Context) -> Outcome:
    """A crash in submitting reads as unknown."""
    claimed_at = payout.state_since if attempt is None else attempt.last_sent_at
    if context.submitted_at - claimed_at < timedelta(seconds=SUBMITTING_MAX_S):
        return _waiting(payout, context)
    verdict, after = judge(payout.state, Claim.AMBIGUOUS)
    note = {"note": "whoever was sending it has not come back", "code": "executor_lost"}
    fact = Fact(source=Source.US, claim=Claim.AMBIGUOUS, details=note)
    moved, evidence = step(payout, fact, verdict, after, context, reason="executor_lost")
    doubtful = None if attempt is None else attempt.changed(is_doubtful=True)
    return outcome(moved, Moved(), (evidence, doubtful), effects=(query_effect(payout),))


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
