"""Payments of the bank as events tell them: as `GET /v1/bank-payments` lists them."""

from datetime import datetime
from typing import Any, Final

from payments.bankpayments.queries import BalanceChangeView, PaymentView, payment_view
from payments.bankpayments.tables import (
    CURRENCY,
    BalanceChange,
    BankPayment,
    Organization,
    PaymentStatus,
)
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.operations.operation import State
from payments.operations.outcome import Decision
from payments.operations.telling import Says, Tells


def bank_payment_view(payment: BankPayment, state: State, _now: datetime) -> PaymentView:
    """The payment; whoever gives it to an organization has read that one."""
    owner = state.record(Organization, payment.organization_id)
    return payment_view(payment, payment.status.value, None if owner is None else owner.inn)


def happened(before: BankPayment | None, after: BankPayment) -> str | None:
    """Whose it is at first; later changes have their operation's word."""
    if before is None:
        word: str = after.status.value
        return word
    if before.status is after.status:
        return None
    is_matched = after.status is PaymentStatus.CREDITED
    return "matched" if is_matched else str(after.status.value)


def transferred(decision: Decision, _intent: Any, state: State) -> BalanceChangeView | None:
    """Money that left an organization, as `GET /v1/organizations/{inn}/entries` lists it."""
    change = state.record(BalanceChange, decision.operation_id)
    if change is None:
        return None
    currency = currency_of(CURRENCY)
    return BalanceChangeView(
        operation_id=change.operation_id,
        cause="transfer",
        payment_id=None,
        wallet_id=change.wallet_id,
        amount=format_minor(change.after_minor - change.before_minor, currency),
        before=format_minor(change.before_minor, currency),
        after=format_minor(change.after_minor, currency),
        currency=CURRENCY,
        payer_inn=None,
        document_number=None,
        recorded_at=rfc3339(change.recorded_at),
    )


SAYS: Final = Says(noun="organization", data=transferred)
TELLS: Final = Tells(
    record=BankPayment,
    noun="bank_payment",
    view=bank_payment_view,
    happened=happened,
    words=(*(status.value for status in PaymentStatus), "matched"),
)
