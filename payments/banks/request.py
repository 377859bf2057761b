"""bank_pay.request: a payment waits for the payer's code, which goes out by mail."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from payments.banks.books import client_account
from payments.banks.fee import fee_minor
from payments.banks.guessing import if_guessed
from payments.banks.send_code import SendCode, send_code_effect
from payments.banks.status import PaymentStatus, RefundFee
from payments.banks.tables import BankAccount, BankPayment, Tariff
from payments.kernel.ids import AccountId
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Reason, Refused
from payments.operations.record import Ref

CONFIRM_WITHIN: Final = timedelta(minutes=10)


class RequestPayment(Intent, frozen=True, kw_only=True):
    """`minor` from the customer's account to the seller's, for a marketplace.

    `pair` are the banks of the two accounts (an account never changes its bank); `code_hash` binds
    the code to this payment, amount and seller: the code itself is not here.
    """

    marketplace_id: int
    operation_key: str
    customer_number: str
    seller_number: str
    pair: str
    minor: int
    code_hash: bytes


class RequestRefusal(Reason):
    """In order of precedence: the seed looks at the money before it looks at the banks."""

    ACCOUNT_NOT_FOUND = "account_not_found", 404
    SAME_ACCOUNT = "same_account", 409
    TOO_MANY_WRONG_CODES = "too_many_wrong_codes", 429, True
    INSUFFICIENT_FUNDS = "insufficient_funds", 402
    NO_TARIFF = "no_tariff", 409


def accounts(intent: RequestPayment, state: State) -> Iterable[AccountId]:
    """The customer's, to see whether it has the money."""
    customer = state.record(BankAccount, intent.customer_number, "number")
    return () if customer is None else (client_account(customer.id),)


def decide(intent: RequestPayment, state: State, context: Context) -> Outcome:
    """Both accounts are there, the money is too, and somebody said what it costs."""
    customer = state.record(BankAccount, intent.customer_number, "number")
    seller = state.record(BankAccount, intent.seller_number, "number")
    if customer is None or seller is None:
        return Refused(reason=RequestRefusal.ACCOUNT_NOT_FOUND)
    if customer.id == seller.id:
        return Refused(reason=RequestRefusal.SAME_ACCOUNT)
    guessed = if_guessed(customer, context.now, RequestRefusal.TOO_MANY_WRONG_CODES)
    if guessed is not None:
        return guessed
    money = state.account(client_account(customer.id))
    if money is None or money.available < intent.minor:
        return Refused(reason=RequestRefusal.INSUFFICIENT_FUNDS)
    terms = _terms(intent, state, customer, seller)
    if isinstance(terms, Refused):
        return terms
    fee, refund_fee = terms
    payment = BankPayment(
        id=context.operation_id,
        operation_key=intent.operation_key,
        marketplace_id=intent.marketplace_id,
        customer_account_id=customer.id,
        customer_bank_id=customer.bank_id,
        seller_account_id=seller.id,
        seller_bank_id=seller.bank_id,
        minor=intent.minor,
        fee_minor=fee,
        refund_fee=refund_fee,
        status=PaymentStatus.PAUSE.value,
        code_hash=intent.code_hash,
        attempts=0,
        expires_at=context.now + CONFIRM_WITHIN,
        created_at=context.now,
        paid_at=None,
        refunded_at=None,
        refund_id=None,
    )
    return Applied(
        puts=(payment,),
        effects=(send_code_effect(SendCode(payment_id=context.operation_id)),),
        result={"operation_key": intent.operation_key, "status": payment.status},
    )


def pair_of(customer_bank_id: int, seller_bank_id: int) -> str:
    """How a tariff is found: provider and receiver."""
    return f"{customer_bank_id}:{seller_bank_id}"


def _terms(
    intent: RequestPayment, state: State, customer: BankAccount, seller: BankAccount
) -> tuple[int, str] | Refused:
    """Fee and refund policy; within one bank there is no fee."""
    if customer.bank_id == seller.bank_id:
        return 0, RefundFee.RETURN.value
    # The tariff was loaded by the pair the surface read; these are the banks of the locked rows.
    tariff = state.record(Tariff, pair_of(customer.bank_id, seller.bank_id), "pair")
    if tariff is None:
        return Refused(reason=RequestRefusal.NO_TARIFF)
    fee = fee_minor(intent.minor, tariff.percent_bp, tariff.min_amount_money)
    return fee, tariff.refund_fee


OPERATION = Operation(
    kind="bank_pay.request",
    intent=RequestPayment,
    partition_key=lambda intent: intent.customer_number,
    refs=lambda intent: (
        Ref(BankAccount, intent.customer_number, "number"),
        Ref(BankAccount, intent.seller_number, "number"),
        Ref(Tariff, intent.pair, "pair"),
    ),
    accounts=accounts,
    decide=decide,
    reasons=RequestRefusal,
)
