"""Payments in suspense, and their break, which ends when somebody has explained the payment."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from payments.bankpayments.receive import PROVIDER
from payments.bankpayments.refusals import (
    PAYMENT_ALREADY_MATCHED,
    PAYMENT_NOT_FOUND,
    PAYMENT_REVERSED,
    PAYMENT_SETTLED,
)
from payments.bankpayments.tables import BankPayment, PaymentStatus
from payments.breaks.follow import gone
from payments.breaks.tables import Break, BreakKind, break_id
from payments.operations.operation import Context, State
from payments.operations.outcome import Refusal, Refused
from payments.operations.record import Ref

_WHY_NOT: Final[Mapping[PaymentStatus, Refusal]] = {
    PaymentStatus.CREDITED: PAYMENT_ALREADY_MATCHED,
    PaymentStatus.REVERSED: PAYMENT_REVERSED,
    PaymentStatus.SETTLED: PAYMENT_SETTLED,
}


def explained_refs(line_id: UUID) -> Iterable[Ref]:
    """The break of a line; a payment that came with a statement has the id of its line."""
    return (Ref(Break, break_id(PROVIDER, BreakKind.MISSING_IN_LEDGER, str(line_id))),)


def explained(line_id: UUID, word: str, state: State, context: Context) -> tuple[Break, ...]:
    """The break, ended: `word` says how the payment was explained."""
    id_ = break_id(PROVIDER, BreakKind.MISSING_IN_LEDGER, str(line_id))
    existing = state.record(Break, id_)
    if existing is None:
        return ()
    return (gone(existing, word, f"the payment was {word}", context.actor, context.now),)


def in_suspense(payment: BankPayment | None) -> BankPayment | Refused:
    """The payment if it can get an owner, or why it cannot."""
    if payment is None:
        return Refused(refusal=PAYMENT_NOT_FOUND)
    if payment.status is PaymentStatus.UNMATCHED:
        return payment
    return Refused(refusal=_WHY_NOT[payment.status])
