"""bank_payment.match: money in suspense goes to the organization that has turned up."""

from collections.abc import Iterable
from uuid import UUID

from payments.bankpayments.receive import credit
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
from payments.operations.outcome import Applied, Outcome, Reason, Refused
from payments.operations.record import Ref


class MatchRefusal(Reason):
    """In order of precedence."""

    PAYMENT_NOT_FOUND = "payment_not_found", 404
    PAYMENT_MATCHED = "payment_already_matched", 409
    ORGANIZATION_NOT_FOUND = "organization_not_found", 404


class MatchBankPayment(Intent, frozen=True):
    """Give an unmatched payment to the organization with its INN."""

    payment_id: UUID
    payer_inn: str


def accounts(intent: MatchBankPayment, state: State) -> Iterable[AccountId | AccountSpec]:
    """Suspense, and the organization's account."""
    organization = state.record(Organization, intent.payer_inn, by="inn")
    return () if organization is None else (suspense_account(), organization.account)


def decide(intent: MatchBankPayment, state: State, context: Context) -> Outcome:
    """Once only, and only to the INN the bank named."""
    payment = state.record(BankPayment, intent.payment_id)
    organization = state.record(Organization, intent.payer_inn, by="inn")
    if payment is None or payment.payer_inn != intent.payer_inn:
        return Refused(reason=MatchRefusal.PAYMENT_NOT_FOUND)
    if payment.status is not PaymentStatus.UNMATCHED:
        return Refused(reason=MatchRefusal.PAYMENT_MATCHED)
    if organization is None:
        return Refused(reason=MatchRefusal.ORGANIZATION_NOT_FOUND)
    matched = payment.changed(
        status=PaymentStatus.CREDITED, organization_id=organization.id, matched_at=context.now
    )
    change = credit(organization, payment.id, payment.minor, state, context)
    return Applied(
        legs=move(suspense_account().id, organization.account.id, payment.minor),
        puts=(matched, change),
        result={
            "payment_id": str(payment.id),
            "inn": payment.payer_inn,
            "amount": format_minor(payment.minor, currency_of(payment.currency)),
            "currency": payment.currency,
            "description": payment.document_number,
        },
    )


OPERATION = Operation(
    kind="bank_payment.match",
    intent=MatchBankPayment,
    partition_key=lambda intent: f"inn:{intent.payer_inn}",
    refs=lambda intent: (
        Ref(BankPayment, intent.payment_id),
        Ref(Organization, intent.payer_inn, "inn"),
    ),
    accounts=accounts,
    decide=decide,
    reasons=MatchRefusal,
)
