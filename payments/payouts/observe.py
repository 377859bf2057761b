"""payout.observe: evidence is weighed by the table and stored; it settles, releases, or neither."""

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
from payments.payouts import weigh
from payments.payouts.move import Fact, Moved, PayoutMoved, accounts, outcome, refs, settle, step
from payments.payouts.refusals import PAYOUT_NOT_FOUND
from payments.payouts.request import query_effect
from payments.payouts.status import Claim, PayoutState, Verdict, judge
from payments.payouts.tables import Attempt, Payout
from payments.provider.sighting import Sighting, Source


class ObservePayout(Intent, frozen=True):
    """What the provider shows (`sighting`), or what its answer amounts to (`claim`, `code`).

    `is_recorded`: a refusal that the provider keeps under this merchant id for ever.
    `seen_version`: of an answer to a question, the version we knew when we asked.
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
    """The payout's rows, the callback, and the breaks this evidence might find."""
    yield from refs(intent.payout_id)
    if intent.callback_id is not None:
        yield Ref(Callback, intent.callback_id)
    for id_ in weigh.break_ids(intent.payout_id):
        yield Ref(Break, id_)


class PayoutObserved(PayoutMoved, frozen=True, kw_only=True):
    """Where the payout stands after the evidence."""

    verdict: str


def decide(intent: ObservePayout, state: State, context: Context) -> Outcome:
    """By the table; evidence that moves nothing is stored all the same."""
    payout = state.record(Payout, intent.payout_id)
    hold = state.record(Hold, intent.payout_id)
    if payout is None or hold is None:
        return Refused(refusal=PAYOUT_NOT_FOUND)
    attempt = state.record(Attempt, intent.payout_id, "payout_id")
    seen = intent.sighting
    found = None if seen is None else weigh.mismatch(payout, seen, intent.seen_version)
    fact = _fact(intent, attempt, found)
    age = weigh.age_of(payout, seen, intent.seen_version)
    verdict, after = judge(payout.state, fact.claim, age=age)
    changes = _changes(payout, intent, found, verdict, after)
    moved, evidence = step(payout, fact, verdict, after, context, **changes)
    callback = _callback(intent, state)
    return outcome(
        moved,
        Moved() if after is payout.state else settle(payout, hold, after, context),
        (
            evidence,
            weigh.attempt_after(attempt, fact.claim, payout.state, after, context),
            weigh.break_of(payout, evidence, found, seen, state),
            None if callback is None else callback.done(verdict.value, context.now),
        ),
        result=PayoutObserved,
        effects=(query_effect(payout),) if weigh.is_worth_asking(payout, fact, verdict) else (),
        more={"verdict": verdict.value},
    )


def _fact(intent: ObservePayout, attempt: Attempt | None, found: object) -> Fact:
    if intent.sighting is None:
        claim = weigh.doubted(intent.claim, attempt, is_recorded=intent.is_recorded)
    else:
        claim = weigh.claim_of(intent.sighting, found)
    return Fact(
        source=intent.source,
        claim=claim,
        details=weigh.details_of(intent.sighting, intent.code, intent.detail),
        callback_id=intent.callback_id,
    )


def _changes(
    payout: Payout,
    intent: ObservePayout,
    found: BreakKind | None,
    verdict: Verdict,
    after: PayoutState,
) -> dict[str, Any]:
    """What the evidence teaches us beside the state; what is not believed teaches nothing."""
    changes: dict[str, Any] = {}
    sighting = intent.sighting
    if sighting is not None and _is_believed(sighting, verdict, after):
        changes["provider_version"] = sighting.version
        changes["provider_id"] = payout.provider_id or sighting.transaction_id
    if verdict is Verdict.APPLIED:
        is_plain = after in {PayoutState.ACCEPTED, PayoutState.PAID}
        failure = "" if sighting is None else sighting.failure
        why = intent.code or failure or (found.value if found else None)
        changes["reason"] = None if is_plain else why
    return changes


def _is_believed(sighting: Sighting, verdict: Verdict, after: PayoutState) -> bool:
    is_taken = verdict in {Verdict.APPLIED, Verdict.CONFIRMED}
    return is_taken and after is not PayoutState.NEEDS_OPERATOR and sighting.status in weigh.CLAIMS


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
