"""What a wallet's status is called in answers: that of its account, `active` while it is open."""

from payments.ledger.chart import AccountStatus


def wallet_status(status: AccountStatus) -> str:
    """`active`, `frozen` or `closed`."""
    return "active" if status is AccountStatus.OPEN else status.value
