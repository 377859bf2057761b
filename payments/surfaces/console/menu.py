"""The menu: each page of the console once, in groups."""

from typing import Final

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A page in the menu."""

    path: str
    title: str


MENU: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    (
        "",
        (
            Entry("/console", "Today"),
            Entry("/console/approvals", "Approvals"),
        ),
    ),
    (
        "Money",
        (
            Entry("/console/wallets", "Wallets"),
            Entry("/console/transactions", "Transactions"),
            Entry("/console/payouts", "Payouts"),
            Entry("/console/deposits", "Deposits"),
            Entry("/console/holds", "Holds"),
            Entry("/console/bank-payments", "Bank payments"),
            Entry("/console/statements", "Statements"),
        ),
    ),
    (
        "Operations",
        (
            Entry("/console/breaks", "Breaks"),
            Entry("/console/dead-letters", "Dead letters"),
            Entry("/console/events", "Events"),
            Entry("/console/webhooks", "Webhooks"),
            Entry("/console/checks", "Checks"),
            Entry("/console/operators", "Operators"),
            Entry("/console/actions", "Actions"),
        ),
    ),
)
"""An entry is added with its page."""
