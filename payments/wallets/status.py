"""What a wallet's status is called in answers: that of its account, `active` while it is open."""

from collections.abc import Mapping
from typing import Final

from payments.ledger.chart import AccountStatus

FROZEN_BY_DIRECTION: Final[Mapping[str, AccountStatus]] = {
    "both": AccountStatus.FROZEN,
    "debits": AccountStatus.FROZEN_DEBITS,
    "credits": AccountStatus.FROZEN_CREDITS,
}
_DIRECTIONS: Final = {status: word for word, status in FROZEN_BY_DIRECTION.items()}


def wallet_status(status: AccountStatus) -> str:
    """`active`, `frozen` (one way or both) or `closed`."""
    if status is AccountStatus.OPEN:
        return "active"
    return "closed" if status is AccountStatus.CLOSED else "frozen"


def freeze_direction(status: AccountStatus) -> str | None:
    """Which way money does not go: `both`, `debits`, `credits`; None when it is not frozen."""
    return _DIRECTIONS.get(status)


WALLET_STATUSES: Final = ("active", "frozen", "closed")
