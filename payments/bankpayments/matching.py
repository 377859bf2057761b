"""Finding owners for money in suspense: when an organization was added, and by a sweep."""

from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.match import OPERATION, MatchBankPayment
from payments.bankpayments.queries import UnmatchedPayment, unmatched_payments
from payments.operations.after_discard import renewed
from payments.operations.submit import Request, Submitter, Ticket, keyed

ACTOR: Final = "system:bankpayments"


def match_request(found: UnmatchedPayment) -> Request:
    """The operation that matches it: its id is the pair's, so two sweeps are one operation."""
    intent = MatchBankPayment(payment_id=found.payment_id, payer_inn=found.payer_inn)
    key = f"{found.payment_id}:{found.organization_id}"
    return keyed(OPERATION, intent, actor=ACTOR, key=key, scope=OPERATION.kind)


async def submit_matches(
    engine: AsyncEngine, submitter: Submitter, *, inn: str | None = None, wait_s: float = 0
) -> int:
    """Submit a match for each payment in suspense whose organization is known; gives how many.

    Of one INN, or of all. A payment being decided at this moment is found by the next sweep.
    Raises `Unavailable`.
    """
    found = await unmatched_payments(engine, inn)
    requests = await renewed(engine, [match_request(p) for p in found])
    for answer in await submitter.many(requests, wait_s):
        if not isinstance(answer, Ticket):
            raise answer
    return len(found)
