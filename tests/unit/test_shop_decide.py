"""Deciding top-ups and purchases: one row for each refusal, in order of precedence."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from payments.bills import topup
from payments.bills.refusals import BILL_OWNER_MISMATCH
from payments.bills.tables import TRANSACTION_NUMBERS, Bill, BillTransaction, bill_account
from payments.bills.topup import TopUpBill
from payments.ledger.account import Account, new_account
from payments.ledger.balances import Balances
from payments.ledger.chart import Kind, house, owned
from payments.operations.operation import Context, State
from payments.operations.outcome import Applied, Outcome, Refusal, Refused
from payments.operations.record import Records
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS
from payments.products.tables import Product
from payments.purchases import create
from payments.purchases.create import CreatePurchase
from payments.purchases.refusals import BILL_NOT_FOUND, PRODUCT_NOT_FOUND
from tests.fixtures.deciding import fields_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTEXT = Context(UUID(int=1), "shop:1", NOW, NOW)


def account(bill_id: int, minor: int, currency: str = "RUB") -> Account:
    made = new_account(owned(Kind.BILL, bill_id, currency))
    made.credits_posted = minor
    return made


def product(
    product_id: int, minor: int, currency: str = "RUB", *, is_deleted: bool = False
) -> Product:
    return Product(
        id=product_id,
        title="Tea",
        description="",
        minor=minor,
        currency=currency,
        version=1,
        created_at=NOW,
        updated_at=NOW,
        deleted_at=NOW if is_deleted else None,
    )


def state() -> State:
    """Bill 5 is user 1's with 10 roubles, bill 6 user 2's, bill 7 user 1's in dollars."""
    records = Records()
    for bill_id, user_id, currency in ((5, 1, "RUB"), (6, 2, "RUB"), (7, 1, "USD")):
        bill = Bill(id=bill_id, user_id=user_id, currency=currency, created_at=NOW)
        records.put(bill)
    for item in (product(1, 1000), product(2, 1001), product(3, 1, is_deleted=True)):
        records.put(item)
    accounts = [account(5, 1000), account(6, 1000), account(7, 1000, "USD")]
    houses = [new_account(house(k, "RUB")) for k in (Kind.SHOP_SALES, Kind.SHOP_TOPUPS)]
    return State(Balances([*accounts, *houses]), records, {TRANSACTION_NUMBERS: [44]})


def buy(product_id: int, bill_id: int) -> Outcome:
    intent = CreatePurchase(user_id=1, product_id=product_id, bill_id=bill_id)
    return create.decide(intent, state(), CONTEXT)


def top_up(bill_id: int) -> Outcome:
    intent = TopUpBill(transaction_id=9, user_id=1, bill_id=bill_id, minor=250, currency="RUB")
    return topup.decide(intent, state(), CONTEXT)


@pytest.mark.parametrize(
    ("product_id", "bill_id", "reason"),
    [
        (9, 9, PRODUCT_NOT_FOUND),
        (3, 5, PRODUCT_NOT_FOUND),
        (1, 9, BILL_NOT_FOUND),
        (2, 6, BILL_NOT_FOUND),
        (2, 7, CURRENCY_MISMATCH),
        (2, 5, INSUFFICIENT_FUNDS),
    ],
)
def test_purchases_refused(product_id: int, bill_id: int, reason: Refusal) -> None:
    assert buy(product_id, bill_id) == Refused(refusal=reason)


@pytest.mark.parametrize(
    ("bill_id", "reason"),
    [(6, BILL_OWNER_MISMATCH), (7, CURRENCY_MISMATCH)],
)
def test_top_ups_refused(bill_id: int, reason: Refusal) -> None:
    assert top_up(bill_id) == Refused(refusal=reason)


def test_a_purchase_may_take_the_last_kopeck() -> None:
    outcome = buy(1, 5)
    assert isinstance(outcome, Applied)
    assert [(leg.account_id, leg.minor) for leg in outcome.legs] == [
        (bill_account(5), -1000),
        (house(Kind.SHOP_SALES, "RUB").id, 1000),
    ]
    assert (fields_of(outcome)["amount"], fields_of(outcome)["balance"]) == ("10.00", "0.00")
    (row,) = outcome.puts
    assert isinstance(row, BillTransaction)
    assert (row.id, row.kind, row.minor, row.balance, row.title) == (44, "purchase", 1000, 0, "Tea")


def test_a_top_up_makes_the_bill_it_names() -> None:
    outcome = top_up(8)
    assert isinstance(outcome, Applied)
    assert [spec.id for spec in outcome.opens] == [bill_account(8)]
    bill, row = outcome.puts
    assert isinstance(bill, Bill)
    assert isinstance(row, BillTransaction)
    assert (bill.id, bill.user_id, row.transaction_id, row.balance) == (8, 1, 9, 250)


def test_a_top_up_of_a_bill_that_is_there_adds_to_it() -> None:
    outcome = top_up(5)
    assert isinstance(outcome, Applied)
    assert (outcome.opens, len(outcome.puts), fields_of(outcome)["balance"]) == ((), 1, "12.50")
