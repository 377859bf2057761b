"""Accepting a webhook: the bank's own id decides whether it is new; other content is evidence."""

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.receive import request_of
from payments.http.prefer import preferred_wait_s
from payments.http.services import HttpRequest, Time, service
from payments.kernel.errors import Conflict
from payments.operations.conflicts import record_conflict
from payments.operations.submit import Submitter, Ticket
from payments.surfaces.bankwebhook.bodies import BankPaymentBody, payment_intent

_log = structlog.get_logger(__name__)


class OperationConflict(Conflict):
    """This operation_id was used before with other content."""

    code = "operation_conflict"


async def accept_payment(request: HttpRequest, body: BankPaymentBody) -> Ticket:
    """Make the payment durable, or find it known. Raises 409 `operation_conflict`, on record."""
    wanted = request_of(payment_intent(body))
    try:
        return await service(request, Submitter)(wanted, preferred_wait_s(request))
    except Conflict as error:
        await record_conflict(service(request, AsyncEngine), service(request, Time).now, wanted)
        _log.warning("bank_operation_conflict", operation_id=str(wanted.operation_id))
        raise OperationConflict(operation_id=str(wanted.operation_id)) from error
