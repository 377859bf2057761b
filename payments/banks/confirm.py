"""bank_pay.confirm: the right code pays. Debit, credit, fee and clearing are one operation.

Each attempt is an operation. Attempts on one payment are decided one after another (same
partition, same locked row), and a wrong code is counted in the transaction that refuses it, so the
limit of five holds over any number of connections. Wrong codes are also counted on the customer's
account, so that starting more payments gives no more attempts.
"""

import hmac
from datetime import datetime
from typing import Annotated, Final

import msgspec

from payments.banks.books import accounts_of, client_account, pay_legs
from payments.banks.guessing import if_guessed, with_wrong_code, wrong_codes_left
from payments.banks.refusals import (
    ALREADY_CONFIRMED,
    ALREADY_REFUNDED,
    BAD_CODE,
    CONFIRMATION_EXPIRED,
    OPERATION_NOT_FOUND,
    TOO_MANY_WRONG_CODES,
    TriesLeft,
)
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankAccount, BankPayment, Unconfirmed
from payments.banks.unconfirmed import payer_key, unconfirmed_ref, without
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import INSUFFICIENT_FUNDS

ATTEMPTS_MAX: Final = 5


class ConfirmPayment(Intent, frozen=True, kw_only=True):
    """An attempt: `code_hash` is the hash of the entered code for this payment, amount and seller.

    `customer_number` is the payment's customer account, which counts wrong codes.
    """

    marketplace_id: int
    operation_key: str
    customer_number: str
    code_hash: bytes


class PaymentConfirmed(Result, frozen=True, kw_only=True):
    """The paid payment; the surface calls its status `status`."""

    operation_key: str
    payment_status: Annotated[str, one_of(PaymentStatus)] = msgspec.field(name="status")


def decide(intent: ConfirmPayment, state: State, context: Context) -> Outcome:
    """Pay when the marketplace's payment still waits, the code is right and the money is there."""
    payment = state.record(BankPayment, intent.operation_key, "operation_key")
    customer = state.record(BankAccount, intent.customer_number, "number")
    if payment is None or customer is None or payment.marketplace_id != intent.marketplace_id:
        return Refused(refusal=OPERATION_NOT_FOUND)
    is_right = hmac.compare_digest(intent.code_hash, payment.code_hash)
    if payment.status != PaymentStatus.PAUSE.value:
        return _decided_before(payment, is_right=is_right)
    freed = without(state, payer_key(intent.marketplace_id, intent.customer_number), payment)
    # The time of acceptance counts, not the time in the stream; `expire` uses the same partition
    # and cannot overtake.
    if context.submitted_at >= payment.expires_at:
        expired = payment.changed(status=PaymentStatus.EXPIRED.value)
        return Refused(refusal=CONFIRMATION_EXPIRED, puts=(expired, *freed))
    guessed = if_guessed(customer, context.submitted_at)
    if guessed is not None or not is_right:
        return guessed or _wrong(payment, customer, freed, context.submitted_at)
    money = state.account(client_account(payment.customer_account_id))
    if money is None or money.available < payment.minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    paid = payment.changed(status=PaymentStatus.SUCCESS.value, paid_at=context.now)
    return Applied(legs=pay_legs(payment), puts=(paid, *freed), result=_success(payment))


def _decided_before(payment: BankPayment, *, is_right: bool) -> Outcome:
    """The right code gets `success` again without moving money: the first answer may be lost."""
    if payment.status == PaymentStatus.REFUNDED.value:
        return Refused(refusal=ALREADY_REFUNDED)
    if payment.status == PaymentStatus.EXPIRED.value:
        return Refused(refusal=CONFIRMATION_EXPIRED)
    if is_right:
        return Applied(result=_success(payment))
    return Refused(refusal=ALREADY_CONFIRMED)


def _wrong(
    payment: BankPayment, customer: BankAccount, freed: tuple[Unconfirmed, ...], now: datetime
) -> Refused:
    attempts = payment.attempts + 1
    status = PaymentStatus.EXPIRED if attempts >= ATTEMPTS_MAX else PaymentStatus.PAUSE
    counted = with_wrong_code(customer, now)
    return Refused(
        refusal=BAD_CODE,
        result=TriesLeft(tries_left=min(ATTEMPTS_MAX - attempts, wrong_codes_left(counted, now))),
        puts=(
            payment.changed(attempts=attempts, status=status.value),
            counted,
            *(freed if status is PaymentStatus.EXPIRED else ()),
        ),
    )


def _success(payment: BankPayment) -> PaymentConfirmed:
    return PaymentConfirmed(
        operation_key=payment.operation_key, payment_status=PaymentStatus.SUCCESS.value
    )


OPERATION = Operation(
    kind="bank_pay.confirm",
    intent=ConfirmPayment,
    result=PaymentConfirmed,
    partition_key=lambda intent: intent.operation_key,
    refs=lambda intent: (
        Ref(BankPayment, intent.operation_key, "operation_key"),
        Ref(BankAccount, intent.customer_number, "number"),
        unconfirmed_ref(intent.marketplace_id, intent.customer_number),
    ),
    accounts=lambda intent, state: (
        ()
        if (payment := state.record(BankPayment, intent.operation_key, "operation_key")) is None
        else accounts_of(payment)
    ),
    decide=decide,
    refusals=(
        OPERATION_NOT_FOUND,
        ALREADY_REFUNDED,
        ALREADY_CONFIRMED,
        CONFIRMATION_EXPIRED,
        TOO_MANY_WRONG_CODES,
        BAD_CODE,
        INSUFFICIENT_FUNDS,
    ),
)
