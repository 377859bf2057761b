"""bill.topup: credits money that the provider reports to a bill, which is created if missing."""

from collections.abc import Iterable
from typing import Final

from payments.bills.refusals import BILL_OWNER_MISMATCH
from payments.bills.tables import (
    TOPUP,
    TRANSACTION_NUMBERS,
    Bill,
    BillTransaction,
    bill_account,
)
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec, Kind, house, owned
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import CURRENCY_MISMATCH
from payments.operations.submit import Request, keyed

PROVIDER: Final = "shop:provider"
"""The actor of top-ups."""
SCOPE: Final = "shop.topup"
"""Separates the provider's transaction ids from idempotency keys."""


class TopUpBill(Intent, frozen=True, kw_only=True):
    """Credit a user's bill by `minor`; `transaction_id` is the provider's id of the top-up."""

    transaction_id: int
    user_id: int
    bill_id: int
    minor: int
    currency: str


def accounts(intent: TopUpBill, _state: State) -> Iterable[AccountId | AccountSpec]:
    """The bill, and the house account of money that the provider has paid in."""
    return bill_account(intent.bill_id), house(Kind.SHOP_TOPUPS, intent.currency)


class BillToppedUp(Result, frozen=True, kw_only=True):
    """The bill's balance afterwards."""

    transaction_id: int
    bill_id: int
    amount: str
    balance: str
    currency: str


def decide(intent: TopUpBill, state: State, context: Context) -> Outcome:
    """Credit the bill if user and currency match; a new bill belongs to the user."""
    bill = state.record(Bill, intent.bill_id)
    if bill is not None and bill.user_id != intent.user_id:
        return Refused(refusal=BILL_OWNER_MISMATCH)
    if bill is not None and bill.currency != intent.currency:
        return Refused(refusal=CURRENCY_MISMATCH)
    account = state.account(bill_account(intent.bill_id))
    balance = intent.minor + (0 if account is None else account.balance)
    transaction = BillTransaction(
        id=state.number(TRANSACTION_NUMBERS),
        operation_id=context.operation_id,
        user_id=intent.user_id,
        bill_id=intent.bill_id,
        kind=TOPUP,
        minor=intent.minor,
        balance=balance,
        currency=intent.currency,
        transaction_id=intent.transaction_id,
        product_id=None,
        title=None,
        created_at=context.now,
    )
    made = Bill(
        id=intent.bill_id,
        user_id=intent.user_id,
        currency=intent.currency,
        created_at=context.now,
    )
    currency = currency_of(intent.currency)
    return Applied(
        opens=(owned(Kind.BILL, intent.bill_id, intent.currency),) if bill is None else (),
        legs=move(
            house(Kind.SHOP_TOPUPS, intent.currency).id, bill_account(intent.bill_id), intent.minor
        ),
        puts=(made, transaction) if bill is None else (transaction,),
        result=BillToppedUp(
            transaction_id=intent.transaction_id,
            bill_id=intent.bill_id,
            amount=format_minor(intent.minor, currency),
            balance=format_minor(balance, currency),
            currency=intent.currency,
        ),
    )


def request_of(intent: TopUpBill) -> Request:
    """The operation of a top-up; its id is derived from the provider's transaction id only."""
    key = str(intent.transaction_id)
    return keyed(OPERATION, intent, actor=PROVIDER, key=key, scope=SCOPE)


OPERATION = Operation(
    kind="bill.topup",
    intent=TopUpBill,
    result=BillToppedUp,
    partition_key=lambda intent: intent.bill_id,
    refs=lambda intent: (Ref(Bill, intent.bill_id),),
    accounts=accounts,
    decide=decide,
    refusals=(BILL_OWNER_MISMATCH, CURRENCY_MISMATCH),
    sequences=(TRANSACTION_NUMBERS,),
)
