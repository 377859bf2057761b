"""Applied operations of a kind that moves money have entries."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot

MOVING_KINDS: Final = (
    "wallet.adjust",
    "transfer.create",
    "transfer.reverse",
    "hold.capture",
    "bank_payment.reverse",
    "organization.transfer",
)
"""Kinds that never succeed without moving money."""


async def run(snapshot: Snapshot) -> list[Breach]:
    """Join outcomes and entries: two scans without a cheaper form."""
    rows = await snapshot.rows(load_sql(__file__, "applied_without_entries"), list(MOVING_KINDS))
    return [
        Breach(f"operation {row['id']}", f"a {row['kind']} was applied and has no entry")
        for row in rows
    ]


CHECK: Final = Check(
    name="applied_moved_money",
    proves="Every applied operation of a kind that moves money has entries.",
    run=run,
    is_audit_only=True,
)
