"""No guarded account is overdrawn."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Check the guarded side of every account, minus what is held."""
    rows = await snapshot.rows(load_sql(__file__, "overdrawn_accounts"))
    return [
        Breach(f"account {row['code']}", f"{row['available']} minor units are available")
        for row in rows
    ]


CHECK: Final = Check(
    name="no_guarded_account_below_zero",
    proves="No account with a guarded side has less than nothing available.",
    run=run,
)
