"""Payments of the bank as events tell them."""

from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from payments.bankpayments.tables import BankPayment, PaymentStatus
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.operations.operation import State
from payments.operations.telling import Tells


class BankPaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """A payment the bank told us of; `state`: see `PaymentStatus`."""

    payment_id: UUID
    operation_id: UUID
    inn: str
    organization_id: int | None
    amount: str
    currency: str
    document_number: str
    document_date: str
    state: str
    received_at: str
    matched_at: str | None


def bank_payment_view(payment: BankPayment, _state: State, _now: datetime) -> BankPaymentView:
    """The payment as it is shown."""
    return BankPaymentView(
        payment_id=payment.id,
        operation_id=payment.operation_id,
        inn=payment.payer_inn,
        organization_id=payment.organization_id,
        amount=format_minor(payment.minor, currency_of(payment.currency)),
        currency=payment.currency,
        document_number=payment.document_number,
        document_date=rfc3339(payment.document_date),
        state=payment.status.value,
        received_at=rfc3339(payment.received_at),
        matched_at=None if payment.matched_at is None else rfc3339(payment.matched_at),
    )


def happened(before: BankPayment | None, after: BankPayment) -> str | None:
    """Whose it is at first; later changes have their operation's word."""
    if before is None:
        word: str = after.status.value
        return word
    if before.status is after.status:
        return None
    is_matched = after.status is PaymentStatus.CREDITED
    return "matched" if is_matched else str(after.status.value)


TELLS: Final = Tells(
    record=BankPayment,
    noun="bank_payment",
    view=bank_payment_view,
    happened=happened,
    words=(*(status.value for status in PaymentStatus), "matched"),
)
