"""payout.observe: evidence is judged by the transition table and stored; it may
settle or release.
"""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

from payments.breaks.tables import Break, BreakKind
from payments.callbacks.tables import Callback
from payments.holds.tables import Hold
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Outcome, Refused
from payments.operations.record import Ref
from payments.payouts import classify
from payments.payouts.move import Fact, Moved, PayoutMoved, accounts, outcome, refs, settle, step
from payments.payouts.refusals import PAYOUT_NOT_FOUND
from payments.payouts.request import query_effect
from payments.payouts.status import Claim, PayoutState, Verdict, judge
from payments.payouts.tables import Attempt, Payout
from payments.provider.sighting import Sighting, Source


class ObservePayout(Intent, frozen=True):
    """What the provider shows (`sighting`), or what its answer amounts to (`claim`, `code`).

    `is_recorded`: the refusal is permanent, the provider keeps it under this merchant id.
    `seen_version`: for the answer to a query, the version we knew when we asked.
    """

    added: ClassVar[tuple[str, ...]] = ("seen_version",)

    payout_id: UUID
    source: Source
    claim: Claim = Claim.AMBIGUOUS
    sighting: Sighting | None = None
    code: str = ""
    detail: str = ""
    is_recorded: bool = False
    callback_id: UUID | None = None
    seen_version: int = 0


def needed(intent: ObservePayout) -> Iterable[Ref]:
    """The payout's rows, the callback, and the breaks this evidence might open."""
    yield from refs(intent.payout_id)
    if intent.callback_id is not None:
        yield Ref(Callback, intent.callback_id)
    for id_ in classify.break_ids(intent.payout_id):
        yield Ref(Break, id_)


class PayoutObserved(PayoutMoved, frozen=True, kw_only=True):
    """Where the payout stands after the evidence."""

    verdict: str


def decide(intent: ObservePayout, state: State, context: Context) -> Outcome:
    """Judge the evidence by the transition table. Evidence that moves nothing is stored too."""
    payout = state.record(Payout, intent.payout_id)
    hold = state.record(Hold, intent.payout_id)
    if payout is None or hold is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    attempt = state.record(Attempt, intent.payout_id, "payout_id")
    sighting = intent.sighting
    mismatch = (
        None if sighting is None else classify.mismatch(payout, sighting, intent.seen_version)
    )
    fact = _fact(intent, attempt, mismatch)
    age = classify.age_of(payout, sighting, intent.seen_version)
    verdict, after = judge(payout.state, fact.claim, age=age)
    changes = _changes(payout, intent, mismatch, verdict, after)
    moved, evidence = step(payout, fact, verdict, after, context, **changes)
    callback = _callback(intent, state)
    return outcome(
        moved,
        Moved() if after is payout.state else settle(payout, hold, after, context),
        (
            evidence,
            classify.attempt_after(attempt, fact.claim, payout.state, after, context),
            classify.break_of(payout, evidence, mismatch, sighting, state),
            None if callback is None else callback.done(verdict.value, context.now),
        ),
        result=PayoutObserved,
        effects=(query_effect(payout),) if classify.is_worth_asking(payout, fact, verdict) else (),
        more={"verdict": verdict.value},
    )


def _fact(intent: ObservePayout, attempt: Attempt | None, is_mismatched: object) -> Fact:
    if intent.sighting is None:
        claim = classify.doubted(intent.claim, attempt, is_recorded=intent.is_recorded)
    else:
        claim = classify.claim_of(intent.sighting, is_mismatched)
    return Fact(
        source=intent.source,
        claim=claim,
        details=classify.details_of(intent.sighting, intent.code, intent.detail),
        callback_id=intent.callback_id,
    )


def _changes(
    payout: Payout,
    intent: ObservePayout,
    mismatch: BreakKind | None,
    verdict: Verdict,
    after: PayoutState,
) -> dict[str, Any]:
    """Other columns the evidence changes. Evidence that is not trusted changes none."""
    changes: dict[str, Any] = {}
    sighting = intent.sighting
    if sighting is not None and _is_trusted(sighting, verdict, after):
        changes["provider_version"] = sighting.version
        changes["provider_id"] = payout.provider_id or sighting.transaction_id
    if verdict is Verdict.APPLIED:
        is_plain = after in {PayoutState.ACCEPTED, PayoutState.PAID}
        failure = "" if sighting is None else sighting.failure
        reason = intent.code or failure or (mismatch.value if mismatch else None)
        changes["reason"] = None if is_plain else reason
    return changes


def _is_trusted(sighting: Sighting, verdict: Verdict, after: PayoutState) -> bool:
    is_taken = verdict in {Verdict.APPLIED, Verdict.CONFIRMED}
    return (
        is_taken and after is not PayoutState.NEEDS_OPERATOR and sighting.status in classify.CLAIMS
    )


def _callback(intent: ObservePayout, state: State) -> Callback | None:
    return None if intent.callback_id is None else state.record(Callback, intent.callback_id)


OPERATION = Operation(
    kind="payout.observe",
    intent=ObservePayout,
    result=PayoutObserved,
    partition_key=lambda intent: str(intent.payout_id),
    refs=needed,
    accounts=lambda intent, state: accounts(intent.payout_id, state),
    decide=decide,
    refusals=(PAYOUT_NOT_FOUND,),
)
