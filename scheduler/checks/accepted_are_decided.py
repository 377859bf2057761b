"""Accepted operations are decided soon, and none is lost."""

from typing import Final
from uuid import UUID

import msgspec

from payments.kernel.sql import load_sql
from payments.operations.acceptance import Acceptance
from scheduler.checks.check import BREACHES_MAX, Breach, Check, Snapshot
from streams import partitions
from streams.lag import oldest_age_s

_MARKERS_MAX: Final = 10_000


async def run(snapshot: Snapshot) -> list[Breach]:
    """Check the oldest entry of every stream, then the markers left by acceptance."""
    rows = await snapshot.rows(load_sql(__file__, "partition_positions"))
    breaches = []
    for row in rows:
        age_s = await oldest_age_s(snapshot.redis, partitions.intents(row["partition"]))
        if age_s is not None and age_s > snapshot.limits.undecided_s:
            breaches.append(
                Breach(
                    f"partition {row['partition']}", f"its oldest intent waits for {age_s:.0f} s"
                )
            )
    return breaches or await _lost(snapshot, [row["partition"] for row in rows])


async def _lost(snapshot: Snapshot, numbers: list[int]) -> list[Breach]:
    """Accepted long ago, neither in a stream nor decided nor parked: lost."""
    old = await _old_markers(snapshot, numbers)
    if not old:
        return []
    decided_or_parked = {
        row["id"] for row in await snapshot.rows(load_sql(__file__, "decided_or_parked"), list(old))
    }
    lost = [
        (operation_id, kind)
        for operation_id, kind in old.items()
        if operation_id not in decided_or_parked
    ]
    return [
        Breach(
            f"operation {operation_id}",
            f"a {kind} was accepted and is neither decided nor in a stream",
        )
        for operation_id, kind in lost[:BREACHES_MAX]
    ]


async def _old_markers(snapshot: Snapshot, numbers: list[int]) -> dict[UUID, str]:
    old: dict[UUID, str] = {}
    for number in numbers:
        async for key in snapshot.redis.scan_iter(partitions.marker(number, "*"), count=1000):
            value = await snapshot.redis.get(key)
            if value is None:
                continue  # decided just now
            marker = msgspec.json.decode(value, type=Acceptance)
            age_s = (snapshot.now - marker.accepted_at).total_seconds()
            if age_s > snapshot.limits.undecided_s:
                old[UUID(key.decode().rsplit(":", 1)[1])] = marker.kind
            if len(old) >= _MARKERS_MAX:
                return old
    return old


CHECK: Final = Check(
    name="accepted_are_decided",
    proves="Every accepted operation is decided or parked within a minute; none has disappeared.",
    run=run,
)
