"""Which page shows a thing, by the word that actions and approvals use for it."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

PLACES: Final[Mapping[str, str]] = {
    "wallet": "/console/wallets/",
    "operation": "/console/operations/",
    "operator": "/console/operators/",
    "approval": "/console/approvals/",
    "transaction": "/console/transactions/",
    "payout": "/console/payouts/",
    "deposit": "/console/deposits/",
    "hold": "/console/holds/",
    "bank_payment": "/console/bank-payments/",
    "statement": "/console/statements/",
    "break": "/console/breaks/",
    "dead_letter": "/console/dead-letters/",
    "webhook_endpoint": "/console/webhooks/",
    "organization": "/console/bank-payments?inn=",
}


def href_of(kind: str, id_: str) -> str | None:
    """The page of a thing; None for what has no page."""
    place = PLACES.get(kind)
    return None if place is None else place + quote(id_, safe="@")
