"""Redis still has what PostgreSQL has seen of it."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot
from streams.rollback import partitions_behind


async def run(snapshot: Snapshot) -> list[Breach]:
    """Where each stream ends beside where it was applied; a halted partition stays a breach."""
    rows = await snapshot.rows(load_sql(__file__, "partition_positions"))
    applied = {row["partition"]: (row["last_ms"], row["last_seq"]) for row in rows}
    behind = await partitions_behind(snapshot.redis, applied)
    breaches = [
        Breach(
            f"partition {partition}",
            f"Redis ends at {_id(ends)}, PostgreSQL has applied {_id(position)}",
        )
        for partition, (ends, position) in behind.items()
    ]
    halted = [row for row in rows if row["halted_reason"] and row["partition"] not in behind]
    return breaches + [
        Breach(f"partition {row['partition']}", f"halted: {row['halted_reason']}") for row in halted
    ]


def _id(position: tuple[int, int]) -> str:
    return f"{position[0]}-{position[1]}"


CHECK: Final = Check(
    name="redis_not_behind",
    proves="No stream ends before what was applied of it: Redis did not go back in time.",
    run=run,
)
