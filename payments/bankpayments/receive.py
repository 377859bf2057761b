"""bank_payment.receive: credits a payment to the organization with its INN, or to suspense."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.bankpayments.tables import (
    CURRENCY,
    BalanceChange,
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    suspense_account,
)
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Result
from payments.operations.record import Ref
from payments.operations.submit import Request, keyed

ACTOR: Final = "bank"


class ReceiveBankPayment(Intent, frozen=True):
    """A payment as the bank reports it; `bank_operation_id` is the bank's id."""

    bank_operation_id: UUID
    payer_inn: str
    minor: int
    document_number: str
    document_date: datetime


def accounts(intent: ReceiveBankPayment, state: State) -> Iterable[AccountId | AccountSpec]:
    """The bank's account, and the organization's, which its first payment creates."""
    organization = state.record(Organization, intent.payer_inn, by="inn")
    return bank_account(), suspense_account() if organization is None else organization.account


class BankPaymentReceived(Result, frozen=True, kw_only=True):
    """`payment_status`: credited or unmatched."""

    payment_id: str
    payment_status: str
    inn: str
    amount: str
    currency: str
    description: str


def decide(intent: ReceiveBankPayment, state: State, context: Context) -> Applied:
    """Never refuse: the bank has received the money, even when the organization is unknown."""
    organization = state.record(Organization, intent.payer_inn, by="inn")
    payment = BankPayment(
        id=intent.bank_operation_id,
        operation_id=context.operation_id,
        payer_inn=intent.payer_inn,
        organization_id=None if organization is None else organization.id,
        minor=intent.minor,
        currency=CURRENCY,
        document_number=intent.document_number,
        document_date=intent.document_date,
        status=PaymentStatus.UNMATCHED if organization is None else PaymentStatus.CREDITED,
        received_at=context.now,
        matched_at=None,
    )
    result = BankPaymentReceived(
        payment_id=str(intent.bank_operation_id),
        payment_status=payment.status.value,
        inn=intent.payer_inn,
        amount=format_minor(intent.minor, currency_of(CURRENCY)),
        currency=CURRENCY,
        description=intent.document_number,
    )
    if organization is None:
        legs = move(bank_account().id, suspense_account().id, intent.minor)
        return Applied(legs=legs, puts=(payment,), result=result)
    change = credit(organization, payment.id, intent.minor, state, context)
    legs = move(bank_account().id, organization.account.id, intent.minor)
    return Applied(legs=legs, puts=(payment, change), result=result)


def credit(
    organization: Organization, payment_id: UUID, minor: int, state: State, context: Context
) -> BalanceChange:
    """The log row of a credit to an organization."""
    account = state.account(organization.account.id)
    before = 0 if account is None else account.balance
    return BalanceChange(
        operation_id=context.operation_id,
        organization_id=organization.id,
        payment_id=payment_id,
        before_minor=before,
        after_minor=before + minor,
        recorded_at=context.now,
    )


OPERATION = Operation(
    kind="bank_payment.receive",
    intent=ReceiveBankPayment,
    result=BankPaymentReceived,
    # Webhooks and matches of one INN are applied in the order of acceptance.
    partition_key=lambda intent: f"inn:{intent.payer_inn}",
    refs=lambda intent: (Ref(Organization, intent.payer_inn, "inn"),),
    accounts=accounts,
    decide=decide,
)


def request_of(intent: ReceiveBankPayment) -> Request:
    """The operation of a webhook; its id is derived from the bank's id only, not from the
    content.
    """
    return keyed(OPERATION, intent, actor=ACTOR, key=str(intent.bank_operation_id), scope=ACTOR)
