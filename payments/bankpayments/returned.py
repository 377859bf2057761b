"""Whose money pays a payment that the bank returned to its payer. Pure."""

from typing import Final

import msgspec

from payments.bankpayments.receive import PROVIDER, credit
from payments.bankpayments.tables import (
    BankPayment,
    Organization,
    PaymentStatus,
    suspense_account,
)
from payments.breaks.tables import BreakKind, new_break
from payments.kernel.clock import rfc3339
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.operations.operation import Context, State
from payments.operations.record import Record

ORGANIZATION: Final = "organization"
SUSPENSE: Final = "suspense"


class Returned(msgspec.Struct, frozen=True, kw_only=True):
    """The account that pays, its name in answers, and the rows to write."""

    source: AccountId
    taken_from: str
    payment: BankPayment
    puts: tuple[Record, ...]


def returned(payment: BankPayment, reason: str, state: State, context: Context) -> Returned:
    """The payment, returned: its organization pays if it still has the whole sum, else suspense.

    When an organization has spent it, a break says so: somebody owes us that money.
    """
    organization = _owner_that_has_it(payment, state)
    taken_from = SUSPENSE if organization is None else ORGANIZATION
    ended = payment.changed(
        status=PaymentStatus.REVERSED,
        reversed_at=context.now,
        proposal=None,
        reversal={
            "reason": reason,
            "reversed_by": context.actor,
            "reversed_at": rfc3339(context.now),
            "operation_id": str(context.operation_id),
            "taken_from": taken_from,
        },
    )
    rows: tuple[Record, ...] = ()
    source = suspense_account().id
    if organization is not None:
        source = organization.account.id
        rows = (credit(organization, payment.id, -payment.minor, state, context),)
    elif payment.status is PaymentStatus.CREDITED:
        rows = (_spent(payment, reason, context),)
    return Returned(source=source, taken_from=taken_from, payment=ended, puts=(ended, *rows))


def _owner_that_has_it(payment: BankPayment, state: State) -> Organization | None:
    if payment.organization_id is None:
        return None
    organization = state.record(Organization, payment.organization_id)
    account = None if organization is None else state.account(organization.account.id)
    if account is None or account.available < payment.minor or not account.lets(is_debit=True):
        return None
    return organization


def _spent(payment: BankPayment, reason: str, context: Context) -> Record:
    return new_break(
        PROVIDER,
        BreakKind.RETURNED_SPENT,
        str(payment.id),
        merchant_id=None,
        subject_id=payment.id,
        at_risk=(payment.minor, payment.currency),
        details={
            "ours": {
                "amount": format_minor(payment.minor, currency_of(payment.currency)),
                "currency": payment.currency,
                "inn": payment.payer_inn,
                "number": payment.document_number,
            },
            "reason": reason,
        },
        found_by="return",
        now=context.now,
    )
