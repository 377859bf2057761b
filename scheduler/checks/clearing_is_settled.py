"""SuperPay's clearing accounts hold what payouts and deposits put there, and nothing else."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare the clearing account of each currency with the sum of what was settled."""
    rows = await snapshot.rows(load_sql(__file__, "clearing_differs"))
    return [
        Breach(
            f"superpay_clearing:{row['currency']}",
            f"balance {row['balance']}, payouts less deposits {row['expected']}",
        )
        for row in rows
    ]


CHECK: Final = Check(
    name="clearing_is_settled",
    proves="SuperPay's clearing accounts equal what was paid out, less what came back and came in.",
    run=run,
    is_audit_only=True,
)
