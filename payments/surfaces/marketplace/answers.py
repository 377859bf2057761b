"""Responses to marketplaces: the outcome in the assignment's shapes, or a problem document."""

from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

from payments.banks.books import CURRENCY
from payments.banks.queries import PaymentView
from payments.banks.status import PaymentStatus
from payments.http.auth import actor_of
from payments.http.idempotency import REPLAYED, key_of
from payments.http.operations import render_ticket
from payments.http.prefer import APPLIED, preferred_wait_s
from payments.http.reply import Reply
from payments.http.services import HttpRequest
from payments.kernel.clock import rfc3339
from payments.kernel.ids import OperationId, derived_id, new_id
from payments.kernel.money import plain_minor
from payments.operations.envelope import Intent
from payments.operations.operation import Operation
from payments.operations.outcome import Status
from payments.operations.submit import Request, Submitter
from payments.surfaces.marketplace.bodies import OperationAnswer

WAIT_S: Final = 20
"""How long a response waits for the outcome; after that it is 202 with the operation's id."""


def operation_id_of(request: HttpRequest) -> OperationId:
    """The operation id, chosen before the intent, as code and operation key are derived from it."""
    key = key_of(request)
    return new_id() if key is None else derived_id("key", actor_of(request).name, key)


async def answer(
    request: HttpRequest,
    operation: Operation[Any],
    intent: Intent,
    operation_id: OperationId,
    submitter: Submitter,
) -> Reply:
    """Submit, wait as long as `Prefer` says, and answer with the stored result.

    If it is not decided in time, the 202 names the payment to query at `/bank/operation`.
    """
    submitted = Request(
        operation, intent, actor_of(request).name, operation_id, key_of(request) is not None
    )
    prefers_s = preferred_wait_s(request)
    ticket = await submitter(submitted, prefers_s or WAIT_S)
    preferred = (APPLIED,) if prefers_s else ()
    decision = ticket.decision
    if decision is None or decision.status != Status.APPLIED.value:
        operation_key = getattr(intent, "operation_key", None)
        more = {"operation_key": operation_key} if operation_key else None
        return render_ticket(request, ticket, more=more, at=None, headers=preferred)
    replayed = (REPLAYED,) if ticket.is_replay else ()
    return Reply(HTTPStatus.OK, decision.result.encode(), (*replayed, *preferred))


def operation_answer(payment: PaymentView, now: datetime) -> OperationAnswer:
    """The payment for a marketplace; expired when its time is over, even before it is closed."""
    is_over = payment.status == PaymentStatus.PAUSE.value and now >= payment.expires_at
    return OperationAnswer(
        operation_key=payment.operation_key,
        status=PaymentStatus.EXPIRED.value if is_over else payment.status,
        amount=plain_minor(payment.minor, CURRENCY),
        fee=plain_minor(payment.fee_minor, CURRENCY),
        received=plain_minor(payment.minor - payment.fee_minor, CURRENCY),
        currency=CURRENCY.code,
        refund_fee=payment.refund_fee,
        number_invoice_customer=payment.customer_number,
        bank_customer=payment.customer_bank,
        number_invoice_seller=payment.seller_number,
        bank_seller=payment.seller_bank,
        created_at=rfc3339(payment.created_at),
        expires_at=rfc3339(payment.expires_at),
        paid_at=_or_none(payment.paid_at),
        refunded_at=_or_none(payment.refunded_at),
    )


def _or_none(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)
