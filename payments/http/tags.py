"""The groups of the OpenAPI document: generators make a class or a folder of each."""

from collections.abc import Iterable
from typing import Any, Final

_DESCRIPTIONS: Final = {
    "accounts": "House accounts: fees, funds and what else is ours.",
    "adjustments": "Corrections by an operator.",
    "bank": "The marketplace of banks: authentication, payments, confirmations, refunds.",
    "bank-payments": "What the bank said it received, and whose it is.",
    "conflicts": "Other content that came under a known operation.",
    "deposits": "Money in through SuperPay.",
    "events": "What happened, in order, for who wants to follow it.",
    "health": "Whether this process works.",
    "holds": "Money kept aside, to be captured or released.",
    "metrics": "Prometheus.",
    "operations": "Where an operation stands, and many operations in one request.",
    "organizations": "Organizations the bank pays for, and their balances.",
    "payees": "SuperPay wallets that your users saved, for payouts.",
    "payment": "The top-up webhook of the shop.",
    "payouts": "Money out through SuperPay.",
    "reconciliation": "Registries of SuperPay, breaks and the inbox of callbacks.",
    "schema": "This document and its page.",
    "shop": "The shop: users, products, bills, purchases.",
    "superpay": "SuperPay's callbacks and the switch that pauses it.",
    "transaction": "Transactions of the wallet service.",
    "statements": "Bank statements: import, lines, and what only one side has.",
    "statement-accounts": "Our accounts at banks: who pays in, and when a statement is late.",
    "statement-claims": "Which lines, settlement files and payments are the same money.",
    "transactions": "Several postings made together, and everything that moved money.",
    "transfers": "Money from one wallet to another.",
    "turned-away-webhooks": "Webhooks that were refused for good.",
    "wallet": "Clients' wallets of the wallet service.",
    "webhook-endpoints": "Where a client wants its events sent, and what became of each.",
    "wallets": "Wallets and their entries.",
    "webhook": "The bank's webhook.",
}


def tag_of(path: str) -> str:
    """The first word of a path that is not its version."""
    parts = [p for p in path.split("/") if p and "{" not in p]
    return next((p for p in parts if p not in {"api", "v1"}), "root")


def tags_of(names: Iterable[str]) -> list[dict[str, Any]]:
    """The tags that are used, each with what it is about."""
    return [
        {"name": name, "description": _DESCRIPTIONS[name]}
        if name in _DESCRIPTIONS
        else {"name": name}
        for name in sorted(set(names))
    ]
