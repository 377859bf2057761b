"""Payments of marketplaces as events tell them: as `POST /bank/operation` gives them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from payments.banks.queries import PaymentView
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankPayment
from payments.operations.operation import State
from payments.operations.telling import Tells
from payments.surfaces.marketplace.answers import operation_answer
from payments.surfaces.marketplace.bodies import OperationAnswer

_WORDS: Final[Mapping[str, str]] = {
    PaymentStatus.PAUSE.value: "requested",
    PaymentStatus.SUCCESS.value: "confirmed",
    PaymentStatus.EXPIRED.value: "expired",
    PaymentStatus.REFUNDED.value: "refunded",
}


def view(payment: BankPayment, _state: State, now: datetime) -> OperationAnswer | None:
    """The payment; None for one of 0.1.0, whose row does not say who its parties are."""
    customer, customer_bank = payment.customer_number, payment.customer_bank
    seller, seller_bank = payment.seller_number, payment.seller_bank
    if customer is None or customer_bank is None or seller is None or seller_bank is None:
        return None
    shown = PaymentView(
        id=payment.id,
        operation_key=payment.operation_key,
        status=payment.status,
        minor=payment.minor,
        fee_minor=payment.fee_minor,
        refund_fee=payment.refund_fee,
        customer_number=customer,
        customer_bank=customer_bank,
        seller_number=seller,
        seller_bank=seller_bank,
        created_at=payment.created_at,
        expires_at=payment.expires_at,
        paid_at=payment.paid_at,
        refunded_at=payment.refunded_at,
    )
    return operation_answer(shown, now)


def happened(before: BankPayment | None, after: BankPayment) -> str | None:
    """The word of its new status; None when only tries were counted."""
    is_same = before is not None and before.status == after.status
    return None if is_same else _WORDS[after.status]


def _find(intent: Any, state: State) -> BankPayment | None:
    """The payment that is confirmed once more."""
    key = getattr(intent, "operation_key", "")
    return state.record(BankPayment, key, by="operation_key") if key else None


TELLS: Final = Tells(
    record=BankPayment,
    noun="bank_pay",
    view=view,
    happened=happened,
    words=tuple(_WORDS.values()),
    find=_find,
)
