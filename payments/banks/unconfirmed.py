"""Limits how many payments of a marketplace wait for codes of one payer: each sends a mail.

A payment leaves the list when it is confirmed or closed, and also when its time is over, so that a
late scheduler blocks nobody.
"""

from datetime import datetime
from typing import Final

from payments.banks.refusals import TOO_MANY_UNCONFIRMED, NextRequest
from payments.banks.tables import BankPayment, Unconfirmed
from payments.kernel.clock import rfc3339
from payments.operations.operation import State
from payments.operations.outcome import Refused
from payments.operations.record import Ref

UNCONFIRMED_MAX: Final = 10


def unconfirmed_ref(marketplace_id: int, customer_number: str) -> Ref:
    """The row of a marketplace and a payer."""
    return Ref(Unconfirmed, payer_key(marketplace_id, customer_number))


def payer_key(marketplace_id: int, customer_number: str) -> str:
    """Key of the row."""
    return f"{marketplace_id}:{customer_number}"


def if_too_many(state: State, payer: str, now: datetime) -> Refused | None:
    """The refusal of one more payment, with the time at which the first one expires."""
    waiting = _waiting(state, payer, now)
    if len(waiting) < UNCONFIRMED_MAX:
        return None
    first = min(waiting.values(), key=datetime.fromisoformat)
    return Refused(refusal=TOO_MANY_UNCONFIRMED, result=NextRequest(retry_at=first))


def with_one_more(state: State, payer: str, payment: BankPayment, now: datetime) -> Unconfirmed:
    """The row with this payment added."""
    ends_at = rfc3339(payment.expires_at)
    return Unconfirmed(
        payer=payer, waiting={**_waiting(state, payer, now), str(payment.id): ends_at}
    )


def without(state: State, payer: str, payment: BankPayment) -> tuple[Unconfirmed, ...]:
    """The row with this payment removed; empty when it is not in the row."""
    row = state.record(Unconfirmed, payer)
    if row is None or str(payment.id) not in row.waiting:
        return ()
    left = {one: ends_at for one, ends_at in row.waiting.items() if one != str(payment.id)}
    return (row.changed(waiting=left),)


def _waiting(state: State, payer: str, now: datetime) -> dict[str, str]:
    row = state.record(Unconfirmed, payer)
    waiting = {} if row is None else row.waiting
    return {
        one: ends_at for one, ends_at in waiting.items() if datetime.fromisoformat(ends_at) > now
    }
