"""Where a deposit stands, and what a payment makes of it."""

import enum
from collections.abc import Mapping
from typing import Final


class DepositState(enum.Enum):
    """Under-, over- and late payment and another currency are ends of their own."""

    CREATED = "created"
    """Asked for; the provider has not given us its page yet."""
    PENDING = "pending"
    """The payer has a page to go to, or has paid and the money is on its way."""
    CREDITED = "credited"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    PAID_LATE = "paid_late"
    CURRENCY_MISMATCH = "currency_mismatch"
    """Another currency arrived: it is in suspense, a person decides."""
    IN_SUSPENSE = "in_suspense"
    """The wallet could not take it (frozen): it is in suspense, a person decides."""
    EXPIRED = "expired"
    """Nobody paid in time; who pays later is credited all the same."""
    FAILED = "failed"


WAITING: Final = frozenset({DepositState.CREATED, DepositState.PENDING})
OPEN: Final = WAITING | {DepositState.EXPIRED}
"""States in which money may still come."""
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
"""The provider's words, but for `paid`, which depends on what was paid."""


def paid_state(asked_minor: int, paid_minor: int, *, is_late: bool) -> DepositState:
    """What a payment in the right currency is."""
    if is_late:
        return DepositState.PAID_LATE
    if paid_minor == asked_minor:
        return DepositState.CREDITED
    return DepositState.UNDERPAID if paid_minor < asked_minor else DepositState.OVERPAID
