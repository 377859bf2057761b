"""Scopes of API keys: what a client may do."""

import re
from typing import Final

EVERYTHING: Final = "*"
ADMIN: Final = "ledger:admin"

SCOPES: Final = (
    "wallets:read",
    "wallets:write",
    "transfers:write",
    "holds:write",
    "deposits:write",
    "payouts:write",
    "operations:read",
    "reconciliation:write",
    "events:read",
    "webhooks:write",
    ADMIN,
)


ACCOUNT_SCOPE: Final = re.compile(r"accounts:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Scope that lets a client post to one house account: `accounts:fees`."""


def is_scope(text: str) -> bool:
    """True when an API key may be granted this scope."""
    return text in SCOPES or text == EVERYTHING or ACCOUNT_SCOPE.fullmatch(text) is not None
