"""bank_payment.receive: credits a payment to the organization with its INN, or to suspense."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from payments.bankpayments.meeting import (
    at_meeting,
    awaits_webhook,
    free_meeting,
    meeting_of,
    meeting_refs,
    payer_of,
)
from payments.bankpayments.tables import (
    CURRENCY,
    BalanceChange,
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    suspense_account,
)
from payments.breaks.follow import followed
from payments.breaks.tables import Break, BreakKind, break_id, new_break
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
PROVIDER: Final = "bank"
"""Whom breaks of bank payments are with."""


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
    """Never refused: the money is real, whether or not we know whose it is.

    A payment that a statement told of first is met, and not credited again.
    """
    meeting = meeting_of(intent.payer_inn, intent.document_number, intent.document_date)
    present = at_meeting(meeting, state)
    waiting = [one for one in present if awaits_webhook(one)]
    same = [one for one in waiting if one.minor == intent.minor]
    if same:
        met = same[0].changed(webhook_id=intent.bank_operation_id)
        return Applied(puts=(met,), result=_result(met))
    if len(waiting) == 1 and len(present) == 1:
        met = waiting[0].changed(webhook_id=intent.bank_operation_id)
        difference = mismatch(meeting, intent.minor, met.minor, met.id, state, context)
        return Applied(puts=(met, *difference), result=_result(met))
    payment = BankPayment(
        id=intent.bank_operation_id,
        operation_id=context.operation_id,
        payer_inn=intent.payer_inn,
        organization_id=None,
        minor=intent.minor,
        currency=CURRENCY,
        document_number=intent.document_number,
        document_date=intent.document_date,
        status=PaymentStatus.UNMATCHED,
        received_at=context.now,
        matched_at=None,
        meeting=free_meeting(meeting, len(present)),
    )
    return arrival(payment, bank_account().id, state, context)


def arrival(payment: BankPayment, source: AccountId, state: State, context: Context) -> Applied:
    """A new payment, from `source` to the organization of its INN, or to suspense."""
    organization = state.record(Organization, payment.payer_inn, by="inn")
    if organization is None:
        legs = move(source, suspense_account().id, payment.minor)
        return Applied(legs=legs, puts=(payment,), result=_result(payment))
    credited = payment.changed(organization_id=organization.id, status=PaymentStatus.CREDITED)
    change = credit(organization, payment.id, payment.minor, state, context)
    legs = move(source, organization.account.id, payment.minor)
    return Applied(legs=legs, puts=(credited, change), result=_result(credited))


def mismatch(
    meeting: str,
    webhook_minor: int,
    statement_minor: int,
    line_id: UUID,
    state: State,
    context: Context,
) -> tuple[Break, ...]:
    """The break of one payment that webhook and statement tell with two amounts."""
    currency = currency_of(CURRENCY)
    amounts = {"ours": webhook_minor, "theirs": statement_minor}
    found = new_break(
        PROVIDER,
        BreakKind.AMOUNT_MISMATCH,
        meeting,
        merchant_id=None,
        subject_id=None,
        at_risk=(abs(webhook_minor - statement_minor), CURRENCY),
        details={
            **{
                side: {"amount": format_minor(minor, currency), "currency": CURRENCY}
                for side, minor in amounts.items()
            },
            "line_id": str(line_id),
        },
        found_by="statement",
        now=context.now,
    )
    row = followed(state.record(Break, found.id), found)
    return () if row is None else (row,)


def _result(payment: BankPayment) -> BankPaymentReceived:
    return BankPaymentReceived(
        payment_id=str(payment.id),
        payment_status=payment.status.value,
        inn=payment.payer_inn,
        amount=format_minor(payment.minor, currency_of(CURRENCY)),
        currency=CURRENCY,
        description=payment.document_number,
    )


def refs(payer_inn: str, meeting: str) -> Iterable[Ref]:
    """The organization, the payments it may meet, and the break of two amounts."""
    difference = break_id(PROVIDER, BreakKind.AMOUNT_MISMATCH, meeting)
    return (
        Ref(Organization, payer_inn, "inn"),
        Ref(Break, difference),
        *meeting_refs(meeting),
    )


def credit(
    organization: Organization, payment_id: UUID, minor: int, state: State, context: Context
) -> BalanceChange:
    """The log row of a credit to an organization; a negative one is a debit."""
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
    # Webhook, statement and match of one INN are applied in the order they were accepted.
    partition_key=lambda intent: f"inn:{payer_of(intent.payer_inn)}",
    refs=lambda intent: refs(
        intent.payer_inn,
        meeting_of(intent.payer_inn, intent.document_number, intent.document_date),
    ),
    accounts=accounts,
    decide=decide,
)


def request_of(intent: ReceiveBankPayment) -> Request:
    """The operation of a webhook; its id is derived from the bank's id only, not from the
    content.
    """
    return keyed(OPERATION, intent, actor=ACTOR, key=str(intent.bank_operation_id), scope=ACTOR)
