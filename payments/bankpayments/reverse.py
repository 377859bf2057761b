"""bank_payment.reverse: the bank returned a payment; its organization is debited, or suspense."""

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from payments.bankpayments.refusals import (
    PAYMENT_CHANGED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
)
from payments.bankpayments.returned import ORGANIZATION, SUSPENSE, returned
from payments.bankpayments.suspense import explained, explained_refs
from payments.bankpayments.tables import (
    CURRENCY,
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    suspense_account,
)
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refused, Result
from payments.operations.record import Ref


class ReverseBankPayment(Intent, frozen=True):
    """Take back a payment that the bank returned to its payer.

    `organization_id`: whose it was when this was submitted.
    """

    payment_id: UUID
    reason: str
    organization_id: int | None = None


class BankPaymentReversed(Result, frozen=True, kw_only=True):
    """`taken_from`: organization, or suspense when no organization has the money."""

    payment_id: str
    payment_status: Annotated[str, one_of(PaymentStatus)]
    taken_from: Annotated[str, one_of((ORGANIZATION, SUSPENSE))]
    inn: str
    amount: str
    currency: str
    description: str


def refs(intent: ReverseBankPayment) -> Iterable[Ref]:
    """The payment, its organization, and the break of a payment in suspense."""
    yield Ref(BankPayment, intent.payment_id)
    if intent.organization_id is not None:
        yield Ref(Organization, intent.organization_id)
    yield from explained_refs(intent.payment_id)


def accounts(intent: ReverseBankPayment, state: State) -> Iterable[AccountId | AccountSpec]:
    """What the bank holds for us, suspense, and the organization's account."""
    yield bank_account()
    yield suspense_account()
    organization = (
        None
        if intent.organization_id is None
        else state.record(Organization, intent.organization_id)
    )
    if organization is not None:
        yield organization.account


def decide(intent: ReverseBankPayment, state: State, context: Context) -> Outcome:
    """Once. The line of the statement that shows the return meets this and moves nothing more."""
    payment = state.record(BankPayment, intent.payment_id)
    if payment is None:
        return Refused(refusal=PAYMENT_NOT_FOUND)
    if payment.status is PaymentStatus.REVERSED:
        return Refused(refusal=PAYMENT_REVERSED)
    if payment.status is PaymentStatus.SETTLED:
        return Refused(refusal=PAYMENT_SETTLED)
    if payment.organization_id != intent.organization_id:
        return Refused(refusal=PAYMENT_CHANGED)
    taken = returned(payment, intent.reason, state, context)
    return Applied(
        legs=move(taken.source, bank_account().id, payment.minor),
        puts=(*taken.puts, *explained(payment.id, "returned", state, context)),
        result=BankPaymentReversed(
            payment_id=str(payment.id),
            payment_status=PaymentStatus.REVERSED.value,
            taken_from=taken.taken_from,
            inn=payment.payer_inn,
            amount=format_minor(payment.minor, currency_of(CURRENCY)),
            currency=CURRENCY,
            description=payment.document_number,
        ),
        about=About(reference=payment.document_number[:128] or None, description=intent.reason),
    )


OPERATION = Operation(
    kind="bank_payment.reverse",
    intent=ReverseBankPayment,
    result=BankPaymentReversed,
    partition_key=lambda intent: f"organization:{intent.organization_id or 0}",
    refs=refs,
    accounts=accounts,
    decide=decide,
    refusals=(PAYMENT_NOT_FOUND, PAYMENT_REVERSED, PAYMENT_SETTLED, PAYMENT_CHANGED),
)
