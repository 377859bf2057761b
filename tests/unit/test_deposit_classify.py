"""What a view of a deposit amounts to, as a table: what arrived is booked once, somewhere."""

from typing import Any
from uuid import UUID

import pytest

import payments.deposits.observe
from payments.breaks.tables import Break, BreakKind
from payments.deposits.classify import classify
from payments.deposits.observe import ObserveDeposit
from payments.deposits.status import DepositState
from payments.deposits.tables import Deposit, DepositEvidence
from payments.ledger import chart
from payments.ledger.chart import Kind
from payments.operations.outcome import Applied
from payments.provider.sighting import Sighting, Source
from tests.fixtures.deciding import CONTEXT, NOW, account, state

S, K = DepositState, BreakKind
ASKED = 1000
PAID: dict[str, Any] = {"status": "paid", "paid_minor": ASKED, "paid_currency": "RUB"}
CREDITED: dict[str, Any] = {
    "state": S.CREDITED,
    "paid_minor": ASKED,
    "paid_currency": "RUB",
    "provider_id": "sp_1",
    "provider_version": 3,
}


def deposit(**over: Any) -> Deposit:
    """Asked for, its page known."""
    fields: dict[str, Any] = {
        "id": UUID(int=5),
        "merchant_id": 1,
        "wallet_id": 1,
        "minor": ASKED,
        "currency": "RUB",
        "description": "",
        "success_url": "",
        "failure_url": "",
        "locale": "en",
        "state": S.PENDING,
        "reason": None,
        "redirect_url": None,
        "expires_at": None,
        "paid_minor": None,
        "paid_currency": None,
        "version": 1,
        "provider_id": "sp_1",
        "provider_version": 2,
        "checks": 0,
        "checked_at": NOW,
        "requested_by": "test",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Deposit(**{**fields, **over})


def shown(**over: Any) -> Sighting:
    """The provider's view of it."""
    fields: dict[str, Any] = {
        "kind": "deposit",
        "merchant_id": 1,
        "transaction_id": "sp_1",
        "status": "pending",
        "version": 3,
        "minor": ASKED,
        "currency": "RUB",
    }
    return Sighting(**{**fields, **over})


@pytest.mark.case("R8")
@pytest.mark.parametrize(
    ("ours", "theirs", "verdict", "after", "break_kind"),
    [
        ({}, PAID, "applied", S.CREDITED, None),
        ({}, {**PAID, "paid_currency": "rub"}, "applied", S.CREDITED, None),
        ({}, {**PAID, "paid_minor": 999}, "applied", S.UNDERPAID, None),
        ({}, {**PAID, "paid_minor": 1001}, "applied", S.OVERPAID, None),
        ({}, {**PAID, "is_late": True}, "applied", S.PAID_LATE, None),
        ({"state": S.EXPIRED}, PAID, "applied", S.PAID_LATE, None),
        (
            {},
            {**PAID, "paid_currency": "USD"},
            "applied",
            S.CURRENCY_MISMATCH,
            K.CURRENCY_MISMATCH,
        ),
        # once: a second payment of it, or another amount, books nothing
        (CREDITED, PAID, "confirmed", S.CREDITED, None),
        (CREDITED, {**PAID, "paid_minor": 1}, "conflict", S.CREDITED, K.AMOUNT_MISMATCH),
        (CREDITED, {**PAID, "paid_currency": "USD"}, "conflict", S.CREDITED, K.CURRENCY_MISMATCH),
        ({"state": S.FAILED}, PAID, "conflict", S.FAILED, K.STATUS_MISMATCH),
        # not ours, or not what was asked for
        ({}, {**PAID, "minor": 1}, "conflict", S.PENDING, K.AMOUNT_MISMATCH),
        ({}, {**PAID, "currency": "USD"}, "conflict", S.PENDING, K.CURRENCY_MISMATCH),
        ({}, {**PAID, "kind": "payout"}, "conflict", S.PENDING, K.REFERENCE_MISMATCH),
        ({}, {**PAID, "merchant_id": 2}, "conflict", S.PENDING, K.REFERENCE_MISMATCH),
        ({}, {**PAID, "transaction_id": "sp_2"}, "conflict", S.PENDING, K.REFERENCE_MISMATCH),
        # nothing arrived
        ({}, {"status": "failed"}, "applied", S.FAILED, None),
        ({}, {"status": "expired"}, "applied", S.EXPIRED, None),
        ({}, {}, "confirmed", S.PENDING, None),
        ({}, {"status": "unheard of"}, "inconclusive", S.PENDING, None),
        ({}, {"status": "paid"}, "inconclusive", S.PENDING, None),
        (CREDITED, {"status": "chargeback"}, "conflict", S.CREDITED, K.STATUS_MISMATCH),
        ({"state": S.FAILED}, {"status": "recalled"}, "conflict", S.FAILED, K.STATUS_MISMATCH),
        ({"state": S.EXPIRED}, {"status": "unheard of"}, "inconclusive", S.EXPIRED, None),
        ({"provider_version": 4}, {"status": "failed"}, "stale", S.PENDING, None),
        ({"state": S.EXPIRED}, {}, "stale", S.EXPIRED, None),
        (CREDITED, {"status": "failed"}, "stale", S.CREDITED, None),
        (CREDITED, {"status": "failed", "version": 4}, "conflict", S.CREDITED, K.STATUS_MISMATCH),
        ({"state": S.FAILED}, {"status": "expired", "version": 4}, "stale", S.FAILED, None),
    ],
)
def test_evidence_is_classified(
    ours: dict[str, Any],
    theirs: dict[str, Any],
    verdict: str,
    after: DepositState,
    break_kind: BreakKind | None,
) -> None:
    classified = classify(deposit(**ours), shown(**theirs), is_wallet_open=True)
    assert (classified.verdict, classified.state, classified.break_kind) == (
        verdict,
        after,
        break_kind,
    )
    assert (classified.arrived is not None) == (
        after is not deposit(**ours).state and "paid" in theirs.values()
    )
    assert classified.is_suspended == (after is S.CURRENCY_MISMATCH)


def observed(row: Deposit, *, rows: tuple[Break, ...] = (), **intent: Any) -> Applied:
    """The outcome of evidence, with a frozen wallet."""
    wallet = account(chart.owned(Kind.WALLET, 1, "RUB"), is_frozen=True)
    fields = {"source": Source.QUERY, **intent}
    asked = ObserveDeposit(deposit_id=row.id, **fields)
    outcome = payments.deposits.observe.decide(asked, state([wallet], [row, *rows]), CONTEXT)
    assert isinstance(outcome, Applied)
    return outcome


def put(outcome: Applied, kind: type[Any]) -> Any:
    """The row of that type it writes, or None."""
    return next((row for row in outcome.puts if isinstance(row, kind)), None)


def test_a_frozen_wallet_takes_nothing_and_nothing_is_lost() -> None:
    outcome = observed(deposit(), sighting=shown(**PAID))
    legs = {leg.account_id: leg.minor for leg in outcome.legs}
    clearing = chart.house(Kind.SUPERPAY_CLEARING, "RUB").id
    assert legs == {clearing: -ASKED, chart.house(Kind.SUSPENSE, "RUB").id: ASKED}
    assert put(outcome, Deposit).state is S.IN_SUSPENSE
    assert put(outcome, Break).kind is K.UNAPPLIED_DEPOSIT


def test_a_refusal_ends_only_what_was_never_taken() -> None:
    created = deposit(state=S.CREATED, provider_id=None, provider_version=0)
    assert put(observed(created, is_refused=True, code="c"), Deposit).state is S.FAILED
    assert put(observed(deposit(), is_refused=True, code="c"), Deposit).state is S.PENDING
    assert put(observed(created, code="timeout"), Deposit).state is S.CREATED


def test_a_conflict_teaches_nothing_and_opens_one_break() -> None:
    fresh = deposit(provider_id=None, provider_version=0)
    conflict = shown(**{**PAID, "minor": 1, "version": 9})
    outcome = observed(fresh, sighting=conflict)
    after, opened = put(outcome, Deposit), put(outcome, Break)
    assert (after.provider_id, after.provider_version, after.paid_minor) == (None, 0, None)
    assert (opened.kind, opened.at_risk_minor, outcome.legs) == (K.AMOUNT_MISMATCH, ASKED, ())
    assert put(observed(fresh, rows=(opened,), sighting=conflict), Break) is None


@pytest.mark.case("R13")
def test_an_answer_below_the_version_we_saw_is_a_conflict_and_a_callback_is_asked_about() -> None:
    seen = deposit(provider_version=9007199254740991)
    truth = shown(**PAID)
    answer = observed(seen, sighting=truth, seen_version=seen.provider_version)
    assert put(answer, Break).kind is K.VERSION_MISMATCH
    assert put(answer, Break).at_risk_minor == ASKED
    assert (put(answer, Deposit).state, answer.legs) == (S.PENDING, ())
    raced = observed(seen, sighting=truth, seen_version=2)
    assert (put(raced, Break), put(raced, DepositEvidence).verdict) == (None, "stale")
    callback = observed(seen, sighting=truth, source=Source.CALLBACK)
    (question,) = callback.effects
    assert question.body["seen_version"] == seen.provider_version
    late = observed(seen, sighting=shown(), source=Source.CALLBACK)
    assert late.effects == (), "an older step on the way to what we know is ordinary"


@pytest.mark.case("R8")
def test_a_charge_back_puts_what_arrived_at_risk() -> None:
    credited = deposit(**{**CREDITED, "state": S.OVERPAID, "paid_minor": 1500})
    opened = put(observed(credited, sighting=shown(status="chargeback", version=4)), Break)
    assert (opened.kind, opened.at_risk_minor, opened.currency) == (K.STATUS_MISMATCH, 1500, "RUB")
