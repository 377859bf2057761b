"""bank_pay.expire: closes a payment that was not confirmed within ten minutes."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

from payments.banks.queries import DueConfirmation
from payments.banks.refusals import NOT_DUE, NOT_PENDING, OPERATION_NOT_FOUND
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankPayment
from payments.kernel.words import one_of
from payments.operations.envelope import Intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.submit import Request, keyed

_AGAIN_AFTER_S: Final = 3600


class ExpirePayment(Intent, frozen=True, kw_only=True):
    """Close a payment that was not confirmed in time."""

    operation_key: str


class PaymentExpired(Result, frozen=True, kw_only=True):
    """The closed payment; the surface calls its status `status`."""

    operation_key: str
    payment_status: Annotated[str, one_of(PaymentStatus)] = msgspec.field(name="status")


def decide(intent: ExpirePayment, state: State, context: Context) -> Outcome:
    """Close the payment if it still waits and its time is over."""
    payment = state.record(BankPayment, intent.operation_key, "operation_key")
    if payment is None:
        return Refused(refusal=OPERATION_NOT_FOUND)
    if payment.status != PaymentStatus.PAUSE.value:
        return Refused(refusal=NOT_PENDING)
    if context.submitted_at < payment.expires_at:
        return Refused(refusal=NOT_DUE)
    expired = payment.changed(status=PaymentStatus.EXPIRED.value)
    return Applied(
        puts=(expired,),
        result=PaymentExpired(operation_key=payment.operation_key, payment_status=expired.status),
    )


def expire_request(due: DueConfirmation, now: datetime) -> Request:
    """The scheduler's request; a new id each hour, so that a refusal by a wrong clock is
    not final.
    """
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
    result=PaymentExpired,
    partition_key=lambda intent: intent.operation_key,
    refs=lambda intent: (Ref(BankPayment, intent.operation_key, "operation_key"),),
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=decide,
    refusals=(OPERATION_NOT_FOUND, NOT_PENDING, NOT_DUE),
)
