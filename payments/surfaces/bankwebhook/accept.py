"""Accepts a webhook of the bank."""

import structlog

from payments.bankpayments.receive import request_of
from payments.http.prefer import preferred_wait_s
from payments.http.services import HttpRequest
from payments.kernel.errors import Conflict
from payments.operations.submit import Ticket
from payments.surfaces.bankwebhook.bodies import BankPaymentBody, payment_intent
from payments.webhooks.acceptance import accept_once

_log = structlog.get_logger(__name__)


class OperationConflict(Conflict):
    """This operation_id was used before with other content."""

    code = "operation_conflict"


async def accept_payment(request: HttpRequest, body: BankPaymentBody) -> Ticket:
    """Append the payment to the stream, or find its earlier acceptance.

    Raises 409 `operation_conflict` and records it.
    """
    operation = request_of(payment_intent(body))
    try:
        return await accept_once(request, operation, OperationConflict, preferred_wait_s(request))
    except OperationConflict:
        _log.warning("bank_operation_conflict", operation_id=str(operation.operation_id))
        raise
