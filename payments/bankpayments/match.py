"""bank_payment.match: a payment in suspense is credited to its organization, added since."""

from collections.abc import Iterable
from uuid import UUID

from payments.bankpayments.receive import credit
from payments.bankpayments.refusals import (
    ORGANIZATION_NOT_FOUND,
    PAYMENT_ALREADY_MATCHED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
)
from payments.bankpayments.suspense import explained, explained_refs, in_suspense
from payments.bankpayments.tables import (
    BankPayment,
    Organization,
    PaymentStatus,
    suspense_account,
)
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref


class MatchBankPayment(Intent, frozen=True):
    """Credit an unmatched payment to the organization with its INN."""

    payment_id: UUID
    payer_inn: str


def accounts(intent: MatchBankPayment, state: State) -> Iterable[AccountId | AccountSpec]:
    """The suspense account and the organization's account."""
    organization = state.record(Organization, intent.payer_inn, by="inn")
    return () if organization is None else (suspense_account(), organization.account)


class BankPaymentMatched(Result, frozen=True, kw_only=True):
    """The payment, credited to its organization."""

    payment_id: str
    inn: str
    amount: str
    currency: str
    description: str


def decide(intent: MatchBankPayment, state: State, context: Context) -> Outcome:
    """Match once, and only to the INN that the bank sent."""
    record = state.record(BankPayment, intent.payment_id)
    is_its = record is not None and record.payer_inn == intent.payer_inn
    payment = in_suspense(record if is_its else None)
    organization = state.record(Organization, intent.payer_inn, by="inn")
    if isinstance(payment, Refused):
        return payment
    if organization is None:
        return Refused(refusal=ORGANIZATION_NOT_FOUND)
    matched = payment.changed(
        status=PaymentStatus.CREDITED, organization_id=organization.id, matched_at=context.now
    )
    change = credit(organization, payment.id, payment.minor, state, context)
    return Applied(
        legs=move(suspense_account().id, organization.account.id, payment.minor),
        puts=(matched, change, *explained(payment.id, "matched", state, context)),
        result=BankPaymentMatched(
            payment_id=str(payment.id),
            inn=payment.payer_inn,
            amount=format_minor(payment.minor, currency_of(payment.currency)),
            currency=payment.currency,
            description=payment.document_number,
        ),
    )


OPERATION = Operation(
    kind="bank_payment.match",
    intent=MatchBankPayment,
    result=BankPaymentMatched,
    partition_key=lambda intent: f"inn:{intent.payer_inn}",
    refs=lambda intent: (
        Ref(BankPayment, intent.payment_id),
        Ref(Organization, intent.payer_inn, "inn"),
        *explained_refs(intent.payment_id),
    ),
    accounts=accounts,
    decide=decide,
    refusals=(
        PAYMENT_NOT_FOUND,
        PAYMENT_REVERSED,
        PAYMENT_SETTLED,
        PAYMENT_ALREADY_MATCHED,
        ORGANIZATION_NOT_FOUND,
    ),
)
