"""No money moves without a stored outcome."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot
from scheduler.checks.legs_sum_to_zero import BEGINNING


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare entries with the outcome of their operation."""
    rows = await snapshot.rows(
        load_sql(__file__, "entries_without_outcome"), snapshot.since or BEGINNING
    )
    return [
        Breach(
            f"operation {row['operation_id']}",
            f"has {row['entries']} entries and is {row['status'] or 'unknown'}",
        )
        for row in rows
    ]


CHECK: Final = Check(
    name="entries_belong_to_applied",
    proves="Every entry belongs to an applied operation; a refused or unknown one moved nothing.",
    run=run,
)
