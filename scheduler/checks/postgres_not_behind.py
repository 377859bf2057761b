"""PostgreSQL has everything that Redis has seen acknowledged."""

from typing import Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot
from streams.rollback import POSTGRES_ROLLED_BACK, code_of, find_trouble


async def run(snapshot: Snapshot) -> list[Breach]:
    """Find entries acknowledged in Redis, which happens after their commit,
    that PostgreSQL lacks.
    """
    rows = await snapshot.rows(load_sql(__file__, "partition_positions"))
    applied = {row["partition"]: (row["last_ms"], row["last_seq"]) for row in rows}
    troubles = find_trouble({}, snapshot.seen, applied)
    breaches = {
        number: trouble.reason
        for number, trouble in troubles.items()
        if trouble.code == POSTGRES_ROLLED_BACK
    }
    for row in rows:
        reason = row["halted_reason"]
        if reason and code_of(reason) == POSTGRES_ROLLED_BACK:
            breaches.setdefault(row["partition"], f"halted: {reason}")
    return [Breach(f"partition {number}", text) for number, text in breaches.items()]


CHECK: Final = Check(
    name="postgres_not_behind",
    proves="Everything acknowledged in a stream is applied: PostgreSQL did not go back in time.",
    run=run,
)
