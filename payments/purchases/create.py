"""purchase.create: pays a product from a bill."""

from collections.abc import Iterable

from payments.bills.tables import (
    PURCHASE,
    TRANSACTION_NUMBERS,
    Bill,
    BillTransaction,
    bill_account,
)
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.account import Account
from payments.ledger.chart import AccountSpec, Kind, house
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS
from payments.products.tables import Product
from payments.purchases.refusals import BILL_NOT_FOUND, PRODUCT_NOT_FOUND


class CreatePurchase(Intent, frozen=True, kw_only=True):
    """Buy a product from a user's bill, at its price when the operation is applied."""

    user_id: int
    product_id: int
    bill_id: int


def accounts(intent: CreatePurchase, state: State) -> Iterable[AccountId | AccountSpec]:
    """The bill, and the house account of sales in the product's currency."""
    yield bill_account(intent.bill_id)
    product = state.record(Product, intent.product_id)
    if product is not None:
        yield house(Kind.SHOP_SALES, product.currency)


class PurchaseCreated(Result, frozen=True, kw_only=True):
    """The purchase and the bill's balance afterwards."""

    product_id: int
    bill_id: int
    title: str
    amount: str
    balance: str
    currency: str


def decide(intent: CreatePurchase, state: State, context: Context) -> Outcome:
    """Buy if the product is for sale and the user's bill has its currency and enough money."""
    product = state.record(Product, intent.product_id)
    if product is None or product.deleted_at is not None:
        return Refused(refusal=PRODUCT_NOT_FOUND)
    bill = state.record(Bill, intent.bill_id)
    account = state.account(bill_account(intent.bill_id))
    if bill is None or account is None or bill.user_id != intent.user_id:
        return Refused(refusal=BILL_NOT_FOUND)
    if account.currency != product.currency:
        return Refused(refusal=CURRENCY_MISMATCH)
    if account.available < product.minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    return _sold(intent, product, account, state, context)


def _sold(
    intent: CreatePurchase, product: Product, account: Account, state: State, context: Context
) -> Applied:
    balance = account.balance - product.minor
    currency = currency_of(product.currency)
    transaction = BillTransaction(
        id=state.number(TRANSACTION_NUMBERS),
        operation_id=context.operation_id,
        user_id=intent.user_id,
        bill_id=intent.bill_id,
        kind=PURCHASE,
        minor=product.minor,
        balance=balance,
        currency=product.currency,
        transaction_id=None,
        product_id=product.id,
        title=product.title,
        created_at=context.now,
    )
    return Applied(
        legs=move(account.id, house(Kind.SHOP_SALES, product.currency).id, product.minor),
        puts=(transaction,),
        result=PurchaseCreated(
            product_id=product.id,
            bill_id=intent.bill_id,
            title=product.title,
            amount=format_minor(product.minor, currency),
            balance=format_minor(balance, currency),
            currency=product.currency,
        ),
    )


OPERATION = Operation(
    kind="purchase.create",
    intent=CreatePurchase,
    result=PurchaseCreated,
    partition_key=lambda intent: intent.bill_id,
    refs=lambda intent: (Ref(Product, intent.product_id), Ref(Bill, intent.bill_id)),
    accounts=accounts,
    decide=decide,
    refusals=(PRODUCT_NOT_FOUND, BILL_NOT_FOUND, CURRENCY_MISMATCH, INSUFFICIENT_FUNDS),
    sequences=(TRANSACTION_NUMBERS,),
)
