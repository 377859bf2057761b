"""Pending debits equal the open holds."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare pending debits with the rest of open holds. Payouts hold in the same table."""
    rows = await snapshot.rows(load_sql(__file__, "pending_without_holds"))
    return [
        Breach(
            f"account {row['id']}",
            f"pending debits {row['debits_pending']}, open holds {row['held']}, "
            f"pending credits {row['credits_pending']}",
        )
        for row in rows
    ]


CHECK: Final = Check(
    name="pending_is_open_holds",
    proves="Pending debits are what is left of the open holds, and nothing else is pending.",
    run=run,
)
