"""bank_pay.request: creates a payment that waits for the code mailed to the payer."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Final

import msgspec

from payments.banks.books import CURRENCY, client_account, fee_minor
from payments.banks.guessing import if_guessed
from payments.banks.refusals import (
    NO_TARIFF,
    PRICE_WITHIN_FEE,
    TOO_MANY_UNCONFIRMED,
    TOO_MANY_WRONG_CODES,
    FeeTold,
)
from payments.banks.send_code import SendCode, send_code_effect
from payments.banks.status import PaymentStatus, RefundFee
from payments.banks.tables import BankAccount, BankPayment, Tariff
from payments.banks.unconfirmed import if_too_many, payer_key, unconfirmed_ref, with_one_more
from payments.kernel.ids import AccountId
from payments.kernel.money import plain_minor
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import ACCOUNT_NOT_FOUND, INSUFFICIENT_FUNDS, SAME_ACCOUNT

CONFIRM_WITHIN: Final = timedelta(minutes=10)


class RequestPayment(Intent, frozen=True, kw_only=True):
    """Pay `minor` from the customer's account to the seller's, for a marketplace.

    `pair`: the banks of the two accounts (an account never changes its bank). `code_hash`: the
    hash of the code for this payment, amount and seller; the intent does not contain the code.
    """

    marketplace_id: int
    operation_key: str
    customer_number: str
    seller_number: str
    pair: str
    minor: int
    code_hash: bytes


def accounts(intent: RequestPayment, state: State) -> Iterable[AccountId]:
    """The customer's account, to check its balance."""
    customer = state.record(BankAccount, intent.customer_number, "number")
    return () if customer is None else (client_account(customer.id),)


class PaymentRequested(Result, frozen=True, kw_only=True):
    """The payment that waits for its code: the payer pays `amount`, the seller gets `received`.

    The surface calls its status `status`.
    """

    operation_key: str
    payment_status: Annotated[str, one_of(PaymentStatus)] = msgspec.field(name="status")
    amount: str
    fee: str
    received: str
    currency: str


def decide(intent: RequestPayment, state: State, context: Context) -> Outcome:
    """Accept if both accounts exist, the balance suffices and the fee is below the price."""
    customer = state.record(BankAccount, intent.customer_number, "number")
    seller = state.record(BankAccount, intent.seller_number, "number")
    if customer is None or seller is None:
        return Refused(refusal=ACCOUNT_NOT_FOUND)
    if customer.id == seller.id:
        return Refused(refusal=SAME_ACCOUNT)
    payer = payer_key(intent.marketplace_id, intent.customer_number)
    asked_at = context.submitted_at
    refused = if_guessed(customer, asked_at) or if_too_many(state, payer, asked_at)
    if refused is not None:
        return refused
    money = state.account(client_account(customer.id))
    if money is None or money.available < intent.minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    terms = _terms(intent, state, customer, seller)
    if isinstance(terms, Refused):
        return terms
    payment = _payment(intent, customer, seller, terms, context)
    return Applied(
        puts=(payment, with_one_more(state, payer, payment, asked_at)),
        effects=(send_code_effect(SendCode(payment_id=context.operation_id)),),
        result=PaymentRequested(
            operation_key=intent.operation_key,
            payment_status=payment.status,
            amount=plain_minor(payment.minor, CURRENCY),
            fee=plain_minor(payment.fee_minor, CURRENCY),
            received=plain_minor(payment.minor - payment.fee_minor, CURRENCY),
            currency=CURRENCY.code,
        ),
    )


def _payment(
    intent: RequestPayment,
    customer: BankAccount,
    seller: BankAccount,
    terms: tuple[int, str],
    context: Context,
) -> BankPayment:
    fee, refund_fee = terms
    return BankPayment(
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
        expires_at=context.submitted_at + CONFIRM_WITHIN,
        created_at=context.now,
        paid_at=None,
        refunded_at=None,
        refund_id=None,
        customer_number=customer.number,
        customer_bank=customer.bank_name,
        seller_number=seller.number,
        seller_bank=seller.bank_name,
    )


def pair_of(customer_bank_id: int, seller_bank_id: int) -> str:
    """Key of a tariff: the payer's bank and the receiver's."""
    return f"{customer_bank_id}:{seller_bank_id}"


def _terms(
    intent: RequestPayment, state: State, customer: BankAccount, seller: BankAccount
) -> tuple[int, str] | Refused:
    """Fee and refund policy, or the refusal; a payment within one bank has no fee."""
    if customer.bank_id == seller.bank_id:
        return 0, RefundFee.RETURN.value
    # The tariff was loaded by the pair that the surface read; compare it with the locked rows.
    tariff = state.record(Tariff, pair_of(customer.bank_id, seller.bank_id), "pair")
    if tariff is None:
        return Refused(refusal=NO_TARIFF)
    fee = fee_minor(intent.minor, tariff.percent_bp, tariff.min_amount_money)
    if fee >= intent.minor:
        quote = FeeTold(fee=plain_minor(fee, CURRENCY), currency=CURRENCY.code)
        return Refused(refusal=PRICE_WITHIN_FEE, result=quote)
    return fee, tariff.refund_fee


OPERATION = Operation(
    kind="bank_pay.request",
    intent=RequestPayment,
    result=PaymentRequested,
    partition_key=lambda intent: intent.customer_number,
    refs=lambda intent: (
        Ref(BankAccount, intent.customer_number, "number"),
        Ref(BankAccount, intent.seller_number, "number"),
        Ref(Tariff, intent.pair, "pair"),
        unconfirmed_ref(intent.marketplace_id, intent.customer_number),
    ),
    accounts=accounts,
    decide=decide,
    refusals=(
        ACCOUNT_NOT_FOUND,
        SAME_ACCOUNT,
        TOO_MANY_WRONG_CODES,
        TOO_MANY_UNCONFIRMED,
        INSUFFICIENT_FUNDS,
        NO_TARIFF,
        PRICE_WITHIN_FEE,
    ),
)
