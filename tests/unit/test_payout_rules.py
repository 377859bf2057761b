"""Payout rules as tables: the transition table's shape, verdicts, and a row for each refusal."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

import payments.breaks.resolve
import payments.breaks.tables
import payments.deposits.check
import payments.deposits.observe
import payments.deposits.request
import payments.payouts.cancel
import payments.payouts.check
import payments.payouts.observe
import payments.payouts.resolve
import payments.payouts.submit
from payments.breaks.refusals import BREAK_NOT_FOUND, BREAK_RESOLVED
from payments.breaks.resolve import Place, Posting, ResolveBreak
from payments.breaks.tables import BreakKind, new_break
from payments.deposits.check import CheckDeposit
from payments.deposits.observe import ObserveDeposit
from payments.deposits.refusals import DEPOSIT_NOT_FOUND, DEPOSIT_NOT_WATCHED
from payments.deposits.request import RequestDeposit
from payments.deposits.status import DepositState
from payments.deposits.tables import Deposit
from payments.ledger import chart
from payments.ledger.chart import Kind
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import (
    APPROVER_IS_PROPOSER,
    CURRENCY_MISMATCH,
    INSUFFICIENT_FUNDS,
    NOTHING_PROPOSED,
    OTHER_RESOLUTION_PROPOSED,
    SAME_ACCOUNT,
)
from payments.payouts.cancel import CancelPayout
from payments.payouts.check import CheckPayout
from payments.payouts.observe import ObservePayout
from payments.payouts.refusals import (
    NOT_CANCELABLE,
    NOT_RESOLVABLE,
    NOT_SUBMITTABLE,
    NOT_WATCHED,
    PAYOUT_NOT_FOUND,
)
from payments.payouts.resolve import ResolvePayout
from payments.payouts.status import (
    HOLDING,
    TRANSITIONS,
    Claim,
    PayoutState,
    Verdict,
    judge,
)
from payments.payouts.submit import SubmitPayout
from payments.provider.schedule import Schedule
from payments.provider.sighting import Source
from payments.wallets.refusals import WALLET_FROZEN, WALLET_NOT_FOUND
from tests.fixtures.deciding import CONTEXT, NOW, account, state
from tests.properties.payout_world import World

S, C = PayoutState, Claim
NOBODY = UUID(int=99)


def test_every_state_has_a_row_and_ends_have_no_way_out_but_reversal() -> None:
    assert set(TRANSITIONS) == set(S)
    for ended in set(S) - HOLDING:
        expected = {C.RETURNED: S.REVERSED} if ended is S.PAID else {}
        assert TRANSITIONS[ended] == expected


@pytest.mark.parametrize("state_", list(S))
@pytest.mark.parametrize("claim", [C.AMBIGUOUS, C.NOT_FOUND, C.NOT_SENT, C.EXHAUSTED])
def test_what_says_nothing_never_ends_a_hold(state_: PayoutState, claim: Claim) -> None:
    _, after = judge(state_, claim)
    assert (after in HOLDING) == (state_ in HOLDING)


@pytest.mark.parametrize("state_", list(S))
@pytest.mark.parametrize("claim", list(C))
def test_older_news_moves_nothing(state_: PayoutState, claim: Claim) -> None:
    assert judge(state_, claim, age=-1) == (Verdict.STALE, state_)


@pytest.mark.parametrize(
    ("state_", "claim", "age", "verdict"),
    [
        (S.PAID, C.PAID, 0, Verdict.CONFIRMED),
        (S.PAID, C.ACCEPTED, 0, Verdict.STALE),
        (S.PAID, C.ACCEPTED, 1, Verdict.CONFLICT),
        (S.PAID, C.FAILED, 1, Verdict.CONFLICT),
        (S.FAILED, C.PAID, 1, Verdict.CONFLICT),
        (S.CANCELED, C.PAID, 1, Verdict.CONFLICT),
        (S.FAILED, C.CANCELED, 1, Verdict.CONFIRMED),
        (S.REVERSED, C.RETURNED, 0, Verdict.CONFIRMED),
        (S.NEEDS_OPERATOR, C.PAID, 1, Verdict.FOR_OPERATOR),
        (S.ACCEPTED, C.NOT_FOUND, 0, Verdict.INCONCLUSIVE),
    ],
)
def test_verdicts(state_: PayoutState, claim: Claim, age: int, verdict: Verdict) -> None:
    assert judge(state_, claim, age=age) == (verdict, state_)


def world() -> World:
    """One held payout."""
    made = World()
    made.request()
    return made


def refusal(outcome: object) -> object:
    """Why it was refused."""
    assert isinstance(outcome, Refused)
    return outcome.refusal


def test_payout_refusals() -> None:
    made = world()
    (id_,) = made.ids
    ops = payments.payouts
    assert refusal(made.apply(ops.submit.OPERATION, SubmitPayout(payout_id=NOBODY))) is (
        PAYOUT_NOT_FOUND
    )
    observed = ObservePayout(payout_id=NOBODY, source=Source.QUERY)
    assert refusal(made.apply(ops.observe.OPERATION, observed)) is PAYOUT_NOT_FOUND
    resend = SubmitPayout(payout_id=id_, is_resend=True)
    assert refusal(made.apply(ops.submit.OPERATION, resend)) is NOT_SUBMITTABLE
    late = CheckPayout(payout_id=id_, checks=5, resend_after_s=1)
    assert refusal(made.apply(ops.check.OPERATION, late)) is NOT_WATCHED
    resolve = ResolvePayout(payout_id=id_, resolution="paid", reason="r")
    assert refusal(made.apply(ops.resolve.OPERATION, resolve)) is NOT_RESOLVABLE
    made.run_effect("lost_after")
    cancel = CancelPayout(payout_id=id_)
    assert refusal(made.apply(ops.cancel.OPERATION, cancel)) is NOT_CANCELABLE
    rejected = msgspec.structs.replace(resolve, rejects=True)
    assert refusal(made.apply(ops.resolve.OPERATION, rejected)) is NOTHING_PROPOSED
    made.apply(ops.resolve.OPERATION, resolve, actor="ann")
    again = made.apply(ops.resolve.OPERATION, resolve, actor="ann")
    assert refusal(again) is APPROVER_IS_PROPOSER
    other = msgspec.structs.replace(resolve, resolution="failed")
    refused = made.apply(ops.resolve.OPERATION, other, actor="bob")
    assert refusal(refused) is OTHER_RESOLUTION_PROPOSED


def test_sent_six_times_and_never_found_is_an_operators() -> None:
    made = world()
    for _ in range(40):
        made.jump(1000)
        made.check(0)
        while made.effects:
            made.run_effect("lost_before" if "submit" in made.effects[0][1].kind else "not_found")
    payout = made.payout(0)
    assert payout is not None
    assert (payout.state, payout.reason) == (S.NEEDS_OPERATOR, "never_found")
    assert made.hold(payout).closed_at is None


def test_a_claim_that_nobody_came_back_from_is_unknown() -> None:
    made = world()
    made.run_effect("dies_after_claim")
    made.effects.clear()
    made.jump(121)
    made.check(0)
    payout = made.payout(0)
    assert payout is not None
    assert payout.state is S.UNKNOWN


def test_deposit_refusals() -> None:
    empty = state()
    observed = ObserveDeposit(deposit_id=NOBODY, source=Source.QUERY)
    assert refusal(payments.deposits.observe.decide(observed, empty, CONTEXT)) is (
        DEPOSIT_NOT_FOUND
    )
    checked = CheckDeposit(deposit_id=NOBODY, checks=0)
    assert refusal(payments.deposits.check.decide(checked, empty, CONTEXT)) is (DEPOSIT_NOT_FOUND)
    made = deposit(state=DepositState.CREDITED, paid_minor=1000, paid_currency="RUB")
    late = CheckDeposit(deposit_id=made.id, checks=0)
    assert refusal(payments.deposits.check.decide(late, state((), [made]), CONTEXT)) is (
        DEPOSIT_NOT_WATCHED
    )


def deposit(**over: Any) -> Deposit:
    """Ten roubles asked for, the page not there yet."""
    outcome = payments.deposits.request.decide(
        RequestDeposit(
            wallet_id=1,
            minor=1000,
            currency="RUB",
            description="",
            success_url="https://e.com",
            failure_url="https://e.com",
            locale="en",
        ),
        state([account(chart.owned(Kind.WALLET, 1, "RUB"))], ()),
        CONTEXT,
    )
    assert isinstance(outcome, Applied)
    (made,) = outcome.puts
    assert isinstance(made, Deposit)
    return made.changed(**over)


def test_a_page_nobody_paid_on_expires_and_is_still_asked_about() -> None:
    made = deposit(state=DepositState.PENDING, expires_at=NOW - timedelta(minutes=6))
    checked = CheckDeposit(deposit_id=made.id, checks=0)
    outcome = payments.deposits.check.decide(checked, state((), [made]), CONTEXT)
    assert isinstance(outcome, Applied)
    assert [r.state for r in outcome.puts if isinstance(r, Deposit)] == [DepositState.EXPIRED]
    assert [e.kind for e in outcome.effects] == ["superpay.query_deposit"]


def found(**over: Any) -> Any:
    """An open break of ten roubles."""
    made = new_break(
        "superpay",
        BreakKind.UNAPPLIED_DEPOSIT,
        "x",
        merchant_id=1,
        subject_id=None,
        at_risk=(1000, "RUB"),
        details={},
        found_by="test",
        now=NOW,
    )
    return made.changed(**over)


TO_WALLET: Mapping[str, Any] = {"source": Place(house="suspense"), "currency": "RUB", "minor": 1000}


@pytest.mark.parametrize(
    ("destination", "currency", "is_frozen", "reason"),
    [
        (Place(house="suspense"), "RUB", False, SAME_ACCOUNT),
        (Place(wallet_id=5), "RUB", False, WALLET_NOT_FOUND),
        (Place(wallet_id=1), "USD", False, CURRENCY_MISMATCH),
        (Place(wallet_id=1), "RUB", True, WALLET_FROZEN),
    ],
)
def test_break_postings_that_cannot_be(
    destination: Place, currency: str, is_frozen: object, reason: Refusal
) -> None:
    row = found()
    accounts = [account(chart.owned(Kind.WALLET, 1, "RUB"), is_frozen=bool(is_frozen))]
    posting = Posting(**{**TO_WALLET, "destination": destination, "currency": currency})
    intent = ResolveBreak(break_id=row.id, reason="r", posting=posting)
    outcome = payments.breaks.resolve.decide(intent, state(accounts, [row]), CONTEXT)
    assert getattr(refusal(outcome), "code", None) == reason.code


def test_break_is_found_once_resolved_once_and_not_paid_from_nothing() -> None:
    decide = payments.breaks.resolve.decide
    intent = ResolveBreak(break_id=NOBODY, reason="r")
    assert refusal(decide(intent, state(), CONTEXT)) is BREAK_NOT_FOUND
    row = found(state=payments.breaks.tables.BreakState.RESOLVED, resolved_at=NOW)
    intent = ResolveBreak(break_id=row.id, reason="r")
    assert refusal(decide(intent, state((), [row]), CONTEXT)) is BREAK_RESOLVED
    poor = [account(chart.owned(Kind.WALLET, 1, "RUB"), 999)]
    posting = Posting(
        source=Place(wallet_id=1), destination=Place(house="clearing"), minor=1000, currency="RUB"
    )
    intent = ResolveBreak(break_id=found().id, reason="r", posting=posting)
    outcome = decide(intent, state(poor, [found()]), CONTEXT)
    assert getattr(refusal(outcome), "code", None) == INSUFFICIENT_FUNDS.code


def test_a_posting_is_rejected_only_while_it_is_proposed() -> None:
    decide = payments.breaks.resolve.decide
    posting = Posting(
        source=Place(house="suspense"), destination=Place(house="clearing"), minor=5, currency="RUB"
    )
    intent = ResolveBreak(break_id=found().id, reason="r", posting=posting, rejects=True)
    assert refusal(decide(intent, state((), [found()]), CONTEXT)) is NOTHING_PROPOSED
    ledger = {"from": "suspense", "to": "clearing", "amount": "0.05", "currency": "RUB"}
    proposed = found(proposal={"ledger": ledger, "reason": "r", "proposed_by": "ann"})
    done = decide(intent, state((), [proposed]), CONTEXT)
    assert isinstance(done, Applied)
    assert done.puts == (found(),)
    other = msgspec.structs.replace(intent, posting=msgspec.structs.replace(posting, minor=6))
    assert refusal(decide(other, state((), [proposed]), CONTEXT)) is OTHER_RESOLUTION_PROPOSED


def test_the_schedule_backs_off_and_never_ends() -> None:
    schedule = Schedule()
    waits = [(schedule.next_at(7, n, NOW) - NOW).total_seconds() for n in range(12)]
    factor = schedule.jitter(7)
    assert 1 <= factor <= 1.2
    assert waits == pytest.approx([w * factor for w in (*schedule.waits_s, 43_200, 43_200, 43_200)])
