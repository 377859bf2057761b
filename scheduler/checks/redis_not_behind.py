"""Redis has everything that PostgreSQL has applied."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot
from streams.rollback import REDIS_ROLLED_BACK, code_of, find_trouble, look


async def run(snapshot: Snapshot) -> list[Breach]:
    """Find streams behind what is applied, and partitions already halted for that reason."""
    rows = await snapshot.rows(load_sql(__file__, "partition_positions"))
    applied = {row["partition"]: (row["last_ms"], row["last_seq"]) for row in rows}
    views = await look(snapshot.redis, applied)
    # The snapshot was taken before Redis was read, so Redis may be ahead of it for that reason.
    behind = {
        number: trouble
        for number, trouble in find_trouble(applied, views, {}).items()
        if trouble.code == REDIS_ROLLED_BACK
    }
    breaches = [Breach(f"partition {number}", trouble.reason) for number, trouble in behind.items()]
    halted = [
        row
        for row in rows
        if row["partition"] not in behind
        and row["halted_reason"]
        and code_of(row["halted_reason"]) == REDIS_ROLLED_BACK
    ]
    return breaches + [
        Breach(f"partition {row['partition']}", f"halted: {row['halted_reason']}") for row in halted
    ]


CHECK: Final = Check(
    name="redis_not_behind",
    proves="No stream ends before what was applied of it: Redis did not go back in time.",
    run=run,
)
