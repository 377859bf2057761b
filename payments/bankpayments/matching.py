"""Submits matches for payments in suspense, when an organization is added and in a
periodic sweep.
"""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.match import OPERATION, MatchBankPayment
from payments.bankpayments.queries import UnmatchedPayment, unmatched_payments
from payments.operations.after_discard import renewed
from payments.operations.submit import Request, Submitter, Ticket, keyed

ACTOR: Final = "system:bankpayments"


def match_request(payment: UnmatchedPayment) -> Request:
    """The match operation; its id is derived from payment and organization, so sweeps can
    repeat.
    """
    intent = MatchBankPayment(payment_id=payment.payment_id, payer_inn=payment.payer_inn)
    key = f"{payment.payment_id}:{payment.organization_id}"
    return keyed(OPERATION, intent, actor=ACTOR, key=key, scope=OPERATION.kind)


async def submit_matches(
    engine: AsyncEngine, submitter: Submitter, *, inn: str | None = None, wait_s: float = 0
) -> int:
    """Submit a match for each payment in suspense whose organization is known; return the count.

    `inn` limits it to one organization. The next sweep finds payments that are being decided now.
    Raises `Unavailable`.
    """
    payments = await unmatched_payments(engine, inn)
    requests = await renewed(engine, [match_request(p) for p in payments])
    for answer in await submitter.many(requests, wait_s):
        if not isinstance(answer, Ticket):
            raise answer
    return len(payments)
