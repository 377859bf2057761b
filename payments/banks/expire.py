"""bank_pay.expire: closes a payment that waited ten minutes without the right code."""

from datetime import datetime
from typing import Final

from payments.banks.queries import DueConfirmation
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankPayment
from payments.operations.envelope import Intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Reason, Refused
from payments.operations.record import Ref
from payments.operations.submit import Request, keyed

_AGAIN_AFTER_S: Final = 3600


class ExpirePayment(Intent, frozen=True, kw_only=True):
    """Close a payment that waited too long."""

    operation_key: str


class ExpireRefusal(Reason):
    """In order of precedence."""

    OPERATION_NOT_FOUND = "operation_not_found", 404
    NOT_PENDING = "not_pending", 409
    NOT_DUE = "not_due", 409, True


def decide(intent: ExpirePayment, state: State, context: Context) -> Outcome:
    """It still waits, and its time is over."""
    payment = state.record(BankPayment, intent.operation_key, "operation_key")
    if payment is None:
        return Refused(reason=ExpireRefusal.OPERATION_NOT_FOUND)
    if payment.status != PaymentStatus.PAUSE.value:
        return Refused(reason=ExpireRefusal.NOT_PENDING)
    if context.now < payment.expires_at:
        return Refused(reason=ExpireRefusal.NOT_DUE)
    expired = payment.changed(status=PaymentStatus.EXPIRED.value)
    return Applied(
        puts=(expired,), result={"operation_key": payment.operation_key, "status": expired.status}
    )


def expire_request(due: DueConfirmation, now: datetime) -> Request:
    """The scheduler's request: one id an hour, so that a wrong clock's refusal is not for ever."""
    hours = int((now - due.expires_at).total_seconds()) // _AGAIN_AFTER_S
    return keyed(
        OPERATION,
        ExpirePayment(operation_key=due.operation_key),
        actor="scheduler",
        key=f"{due.operation_key}:{hours}",
        scope="bank_pay.expire",
    )


OPERATION = Operation(
    kind="bank_pay.expire",
    intent=ExpirePayment,
    partition_key=lambda intent: intent.operation_key,
    refs=lambda intent: (Ref(BankPayment, intent.operation_key, "operation_key"),),
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=decide,
    reasons=ExpireRefusal,
)
