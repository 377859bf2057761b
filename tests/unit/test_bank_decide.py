"""The rules of bank payments: one row for every refusal, the legs of every way to pay."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from payments.banks import confirm, expire, open_account, open_bank, refund, request
from payments.banks.books import client_account, pay_legs, refund_legs
from payments.banks.expire import ExpirePayment
from payments.banks.open_bank import OpenBank
from payments.banks.tables import BankPayment, Unconfirmed
from payments.kernel.clock import rfc3339
from payments.ledger.posting import Leg
from payments.operations.outcome import Applied, Refused
from payments.operations.record import Record
from tests.fixtures.deciding import fields_of
from tests.unit.bank_rows import (
    CLEARING_1,
    CLEARING_2,
    CUSTOMER,
    FEES_1,
    ID,
    LATE,
    NOW,
    PAID,
    REFUNDED,
    SELLER,
    WRONG,
    attempt,
    decide,
    give_back,
    guessed,
    opening,
    pay,
    payment,
    state_of,
    waiting,
)


@pytest.mark.parametrize(
    ("reason", "operation", "intent", "rows", "money"),
    [
        ("bank_exists", open_bank, OpenBank(bank_id=1, name="x"), (), {}),
        ("bank_exists", open_bank, OpenBank(bank_id=7, name="sber"), (), {}),
        ("bank_not_found", open_account, opening(bank_id=9, number="9x"), (), {}),
        ("client_not_found", open_account, opening(client_id=9), (), {}),
        ("bad_account_number", open_account, opening(number="2x"), (), {}),
        ("account_exists", open_account, opening(number="1a"), (), {}),
        ("account_not_found", request, pay(customer="1zz"), (), {}),
        ("account_not_found", request, pay(seller="1zz"), (), {}),
        ("same_account", request, pay(seller="1a"), (), {11: 0}),
        ("too_many_wrong_codes", request, pay(minor=2001), (guessed(),), {}),
        ("too_many_unconfirmed", request, pay(minor=2001), (waiting(),), {}),
        ("insufficient_funds", request, pay(minor=2001), (), {}),
        ("insufficient_funds", request, pay(seller="3a", minor=2001), (), {}),
        ("no_tariff", request, pay(seller="3a"), (), {}),
        ("price_within_fee", request, pay(minor=50), (), {}),
        ("price_within_fee", request, pay(minor=20), (waiting(9),), {}),
        ("operation_not_found", confirm, attempt(key="other"), (payment(),), {}),
        ("operation_not_found", confirm, attempt(marketplace_id=2), (payment(**REFUNDED),), {}),
        ("already_refunded", confirm, attempt(), (payment(**REFUNDED),), {}),
        ("already_confirmed", confirm, attempt(WRONG), (payment(**PAID),), {}),
        ("confirmation_expired", confirm, attempt(), (payment(status="expired"),), {}),
        ("confirmation_expired", confirm, attempt(WRONG), (payment(expires_at=NOW),), {}),
        ("confirmation_expired", confirm, attempt(), (payment(expires_at=NOW),), {}),
        ("too_many_wrong_codes", confirm, attempt(), (payment(), guessed()), {11: 0}),
        ("too_many_wrong_codes", confirm, attempt(WRONG), (payment(), guessed()), {}),
        ("bad_code", confirm, attempt(WRONG), (payment(),), {11: 0}),
        ("insufficient_funds", confirm, attempt(), (payment(),), {11: 1999}),
        ("operation_not_found", refund, give_back("key", "other"), (payment(**PAID),), {}),
        ("operation_not_found", refund, give_back("key", marketplace_id=2), (payment(),), {}),
        ("already_refunded", refund, give_back("key"), (payment(**REFUNDED),), {}),
        ("already_refunded", refund, give_back("key", "key"), (payment(**PAID),), {}),
        ("not_refundable", refund, give_back("key"), (payment(),), {}),
        ("not_refundable", refund, give_back("key"), (payment(status="expired"),), {}),
        ("insufficient_funds", refund, give_back("key"), (payment(**PAID),), {22: 1899}),
        ("operation_not_found", expire, ExpirePayment(operation_key="other"), (), {}),
        ("not_pending", expire, ExpirePayment(operation_key="key"), (payment(**PAID),), {}),
        ("not_due", expire, ExpirePayment(operation_key="key"), (payment(),), {}),
    ],
)
def test_refusals(
    reason: str, operation: Any, intent: Any, rows: tuple[Record, ...], money: dict[int, int]
) -> None:
    outcome = decide(operation.OPERATION, intent, state_of(*rows, money=money))
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == reason


def test_every_refusal_has_a_row() -> None:
    rows = test_refusals.pytestmark[0].args[1]
    tested = {(row[1], row[0]) for row in rows}
    modules = (open_bank, open_account, request, confirm, refund, expire)
    known = {(m, r.code) for m in modules for r in m.OPERATION.refusals}
    assert tested == known


def test_a_request_waits_and_asks_for_the_mail() -> None:
    outcome = decide(request.OPERATION, pay(), state_of())
    assert isinstance(outcome, Applied)
    assert outcome.legs == ()
    assert fields_of(outcome) == {
        "operation_key": "key",
        "status": "pause",
        "amount": "20",
        "fee": "1",
        "received": "19",
        "currency": "RUB",
    }
    assert outcome.effects[0].body == {"payment_id": str(ID)}
    made, unconfirmed = outcome.puts
    assert isinstance(made, BankPayment)
    assert (made.fee_minor, made.refund_fee, made.expires_at) == (100, "keep", LATE)
    assert unconfirmed == Unconfirmed(payer="1:1a", waiting={str(ID): rfc3339(LATE)})


def test_within_one_bank_there_is_no_fee_and_no_clearing() -> None:
    outcome = decide(request.OPERATION, pay(seller="1b"), state_of())
    assert isinstance(outcome, Applied)
    made, _ = outcome.puts
    assert isinstance(made, BankPayment)
    assert made.fee_minor == 0
    assert pay_legs(made) == (Leg(CUSTOMER, -2000), Leg(client_account(12), 2000))
    assert refund_legs(made) == (Leg(CUSTOMER, 2000), Leg(client_account(12), -2000))


@pytest.mark.parametrize(
    ("made", "paid", "refunded"),
    [
        (
            payment(),
            {CUSTOMER: -2000, FEES_1: 100, CLEARING_1: 1900, CLEARING_2: -1900, SELLER: 1900},
            {CUSTOMER: 2000, FEES_1: -100, CLEARING_1: -1900, CLEARING_2: 1900, SELLER: -1900},
        ),
        (
            payment(refund_fee="keep"),
            {CUSTOMER: -2000, FEES_1: 100, CLEARING_1: 1900, CLEARING_2: -1900, SELLER: 1900},
            {CUSTOMER: 2000, CLEARING_1: -2000, CLEARING_2: 2000, SELLER: -2000},
        ),
        (
            payment(fee_minor=2000),
            {CUSTOMER: -2000, FEES_1: 2000},
            {CUSTOMER: 2000, FEES_1: -2000},
        ),
        (
            payment(fee_minor=0),
            {CUSTOMER: -2000, CLEARING_1: 2000, CLEARING_2: -2000, SELLER: 2000},
            {CUSTOMER: 2000, CLEARING_1: -2000, CLEARING_2: 2000, SELLER: -2000},
        ),
    ],
)
def test_legs_balance_in_each_book(
    made: BankPayment, paid: dict[int, int], refunded: dict[int, int]
) -> None:
    assert {leg.account_id: leg.minor for leg in pay_legs(made)} == paid
    assert {leg.account_id: leg.minor for leg in refund_legs(made)} == refunded
    state = state_of()
    state.balances.post(pay_legs(made), ID, NOW)
    state.balances.post(refund_legs(made), ID, NOW)


def test_the_right_code_pays_once_and_hears_success_again() -> None:
    state = state_of(payment())
    first = decide(confirm.OPERATION, attempt(), state)
    assert isinstance(first, Applied)
    assert len(first.legs) == 5
    (paid,) = first.puts
    state.records.put(paid)
    again = decide(confirm.OPERATION, attempt(), state)
    assert isinstance(again, Applied)
    assert (again.legs, again.puts, again.result) == ((), (), first.result)


def test_five_wrong_codes_close_it_even_to_the_right_one() -> None:
    state = state_of(payment())
    left = []
    for _ in range(5):
        outcome = decide(confirm.OPERATION, attempt(WRONG), state)
        assert isinstance(outcome, Refused)
        left.append(fields_of(outcome)["tries_left"])
        for row in outcome.puts:
            state.records.put(row)
    assert left == [4, 3, 2, 1, 0]
    last = decide(confirm.OPERATION, attempt(), state)
    assert isinstance(last, Refused)
    assert last.refusal.code == "confirmation_expired"


def test_an_account_stands_thirty_wrong_codes_a_day_over_all_payments() -> None:
    """The last of them counts down with the account, and the day begins with the first."""
    almost = guessed(wrong_codes=28, wrong_codes_since=NOW - timedelta(hours=23))
    state, left = state_of(payment(), almost), []
    for _ in range(2):
        outcome = decide(confirm.OPERATION, attempt(WRONG), state)
        assert isinstance(outcome, Refused)
        left.append(fields_of(outcome)["tries_left"])
        for row in outcome.puts:
            state.records.put(row)
    assert left == [1, 0]
    right = decide(confirm.OPERATION, attempt(), state)
    assert isinstance(right, Refused)
    assert fields_of(right) == {"blocked_until": rfc3339(NOW + timedelta(hours=1))}


def test_a_day_later_an_account_starts_anew() -> None:
    old = guessed(wrong_codes_since=NOW - timedelta(hours=24))
    assert isinstance(decide(request.OPERATION, pay(), state_of(old)), Applied)
    outcome = decide(confirm.OPERATION, attempt(WRONG), state_of(payment(), old))
    assert isinstance(outcome, Refused)
    assert fields_of(outcome) == {"tries_left": 4}
    assert outcome.puts[1] == guessed(wrong_codes=1, wrong_codes_since=NOW)


def test_what_is_paid_hears_success_whatever_was_guessed_since() -> None:
    again = decide(confirm.OPERATION, attempt(), state_of(payment(**PAID), guessed()))
    assert isinstance(again, Applied)


def test_what_counts_is_when_the_code_was_sent() -> None:
    almost = decide(confirm.OPERATION, attempt(), state_of(payment()), LATE - timedelta(seconds=1))
    assert isinstance(almost, Applied)
    late = decide(confirm.OPERATION, attempt(), state_of(payment()), LATE)
    assert isinstance(late, Refused)
    (closed,) = late.puts
    assert isinstance(closed, BankPayment)
    assert closed.status == "expired"


def test_a_seller_must_bear_the_sum_of_the_list() -> None:
    both = (payment(**PAID), payment(**PAID, id=UUID(int=5), operation_key="second"))
    short = decide(refund.OPERATION, give_back("key", "second"), state_of(*both, money={22: 3799}))
    assert isinstance(short, Refused)
    assert fields_of(short) == {"operation_keys": ["key", "second"]}
    enough = decide(refund.OPERATION, give_back("key", "second"), state_of(*both, money={22: 3800}))
    assert isinstance(enough, Applied)
    assert fields_of(enough) == {"refunded": ["key", "second"]}


def test_a_seller_who_gets_money_back_in_the_same_list_may_use_it() -> None:
    there = payment(**PAID)
    back = payment(
        **PAID,
        id=UUID(int=5),
        operation_key="back",
        customer_account_id=22,
        customer_bank_id=2,
        seller_account_id=11,
        seller_bank_id=1,
        fee_minor=0,
    )
    outcome = decide(
        refund.OPERATION, give_back("key", "back"), state_of(there, back, money={22: 0, 11: 0})
    )
    assert isinstance(outcome, Applied)
    changes: dict[int, int] = {}
    for leg in outcome.legs:
        changes[leg.account_id] = changes.get(leg.account_id, 0) + leg.minor
    assert (changes[CUSTOMER], changes[SELLER]) == (0, 100)


def test_expiry_closes() -> None:
    outcome = decide(
        expire.OPERATION, ExpirePayment(operation_key="key"), state_of(payment(expires_at=NOW))
    )
    assert isinstance(outcome, Applied)
    (closed,) = outcome.puts
    assert isinstance(closed, BankPayment)
    assert closed.status == "expired"


def test_a_bank_and_an_account_open_with_capital() -> None:
    state = state_of()
    bank = decide(open_bank.OPERATION, OpenBank(bank_id=9, name="x", opening_minor=7), state)
    assert isinstance(bank, Applied)
    assert [leg.minor for leg in bank.legs] == [-7, 7]
    opened = decide(open_account.OPERATION, opening(), state)
    assert isinstance(opened, Applied)
    assert fields_of(opened) == {"number_invoice": "1new", "balance": "0.05"}
    assert state.balances.accounts[client_account(77)].book == 1
