"""A payout's money is held exactly while its outcome is open."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare every payout with its hold."""
    rows = await snapshot.rows(load_sql(__file__, "payouts_without_their_hold"))
    return [
        Breach(
            f"payout {row['id']}",
            f"state {row['state']}, hold open {row['is_open']}, captured {row['captured_minor']}, "
            f"released {row['released_minor']} of {row['minor']}",
        )
        for row in rows
    ]


CHECK: Final = Check(
    name="payout_holds_fit",
    proves="A payout's hold is open exactly while its state says so; it ends captured or released.",
    run=run,
)
