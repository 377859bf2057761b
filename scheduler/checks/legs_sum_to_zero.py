"""Every operation balances by itself."""

from datetime import UTC, datetime
from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import BREACHES_MAX, Breach, Check, Snapshot

BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SUSPECTS_MAX: Final = 1000


async def run(snapshot: Snapshot) -> list[Breach]:
    """New operations that look unbalanced are read completely.

    When a clock was turned back, one leg of an operation may be recorded before `since`.
    """
    limit = BREACHES_MAX if snapshot.since is None else _SUSPECTS_MAX
    since = snapshot.since or BEGINNING
    rows = await snapshot.rows(load_sql(__file__, "unbalanced_operations"), since, limit)
    if rows and snapshot.since is not None:
        ids = [row["operation_id"] for row in rows]
        rows = await snapshot.rows(load_sql(__file__, "unbalanced_among"), ids)
    return [
        Breach(
            f"operation {row['operation_id']}", f"its legs are off by {row['off_by']} minor units"
        )
        for row in rows[:BREACHES_MAX]
    ]


CHECK: Final = Check(
    name="legs_sum_to_zero",
    proves="The entries of each operation sum to zero in every book and currency.",
    run=run,
)
