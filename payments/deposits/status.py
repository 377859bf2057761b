"""States of a deposit, and the state a payment leads to."""

import enum
from collections.abc import Mapping
from typing import Final


class DepositState(enum.Enum):
    """Under-, over- and late payment and a wrong currency are final states of their own."""

    CREATED = "created"
    """Requested; the provider has not given us its page yet."""
    PENDING = "pending"
    """The payer has a page to go to, or has paid and the money is on its way."""
    CREDITED = "credited"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    PAID_LATE = "paid_late"
    CURRENCY_MISMATCH = "currency_mismatch"
    """Another currency arrived: it is in suspense until an operator decides."""
    IN_SUSPENSE = "in_suspense"
    """The wallet could not take it (frozen): it is in suspense until an operator decides."""
    EXPIRED = "expired"
    """Nobody paid in time; a later payment is credited all the same."""
    FAILED = "failed"


VERDICTS: Final = ("applied", "confirmed", "stale", "inconclusive", "conflict")
"""What became of a piece of evidence."""

WAITING: Final = frozenset({DepositState.CREATED, DepositState.PENDING})
OPEN: Final = WAITING | {DepositState.EXPIRED}
"""States in which money may still arrive."""
PAID: Final = frozenset(
    {
        DepositState.CREDITED,
        DepositState.UNDERPAID,
        DepositState.OVERPAID,
        DepositState.PAID_LATE,
        DepositState.CURRENCY_MISMATCH,
        DepositState.IN_SUSPENSE,
    }
)
"""States in which money has arrived, once."""

NEXT: Final[Mapping[str, DepositState]] = {
    "created": DepositState.PENDING,
    "pending": DepositState.PENDING,
    "failed": DepositState.FAILED,
    "expired": DepositState.EXPIRED,
}
"""The provider's statuses, except `paid`, whose state depends on what was paid."""


def paid_state(asked_minor: int, paid_minor: int, *, is_late: bool) -> DepositState:
    """The state of a deposit paid in the right currency."""
    if is_late:
        return DepositState.PAID_LATE
    if paid_minor == asked_minor:
        return DepositState.CREDITED
    return DepositState.UNDERPAID if paid_minor < asked_minor else DepositState.OVERPAID
