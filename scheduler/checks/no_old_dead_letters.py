"""Parked entries are not forgotten."""

from datetime import timedelta
from typing import Final

from payments.kernel.clock import rfc3339
from payments.kernel.sql import load_sql
from scheduler.checks.check import Breach, Check, Snapshot


async def run(snapshot: Snapshot) -> list[Breach]:
    """List open dead letters older than the limit."""
    before = snapshot.now - timedelta(seconds=snapshot.limits.parked_s)
    return [
        Breach(
            f"dead letter {row['id']}",
            f"{row['kind'] or 'unreadable'}, parked {rfc3339(row['parked_at'])}",
        )
        for row in await snapshot.rows(load_sql(__file__, "old_dead_letters"), before)
    ]


CHECK: Final = Check(
    name="no_old_dead_letters",
    proves="Every parked entry was retried or discarded within an hour.",
    run=run,
    is_warning=True,
)
