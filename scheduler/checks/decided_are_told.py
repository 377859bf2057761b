"""Every decided operation has exactly one event."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from payments.kernel.sql import load_sql
from scheduler.checks.check import BREACHES_MAX, Breach, Check, Snapshot

_BATCHES_AT_ONCE: Final = 500
"""Transactions compared by one query, so that its memory does not grow with the data."""
_PERIODS: Final = load_sql(__file__, "event_switches")
_NEXT: Final = load_sql(__file__, "next_event_batches")
_DIFFER: Final = load_sql(__file__, "operations_without_their_event")
_END: Final = datetime.max.replace(tzinfo=UTC)
_MOMENT: Final = timedelta(microseconds=1)


async def run(snapshot: Snapshot) -> list[Breach]:
    """Compare operations and events of the same time: both carry that of their transaction.

    A part after another, each by itself; times when events were off are left out.
    """
    breaches: list[Breach] = []
    for start, end in periods(await snapshot.rows(_PERIODS), snapshot.since):
        part = start
        while part < end and len(breaches) < BREACHES_MAX:
            following = await snapshot.rows(_NEXT, part, _BATCHES_AT_ONCE)
            until = min(end, following[0]["written_at"] + _MOMENT if following else end)
            left = BREACHES_MAX - len(breaches)
            rows = await snapshot.rows(_DIFFER, part, until, left)
            breaches += [Breach(f"operation {row['id']}", _detail(row)) for row in rows]
            part = until
    return breaches


def periods(switches: Sequence[Any], since: datetime | None) -> Iterator[tuple[datetime, datetime]]:
    """From when to when events were written and are kept."""
    for row, following in zip(switches, (*switches, None)[1:], strict=True):
        starts = [row["since"], row["pruned_before"], since]
        start = max(one for one in starts if one is not None)
        end = _END if following is None else following["since"]
        if row["is_on"] and start < end:
            yield start, end


def _detail(row: Any) -> str:
    if row["kind"] is None:
        return "has an event and is not decided"
    return f"a {row['kind']} was decided and has {row['events']} events"


CHECK: Final = Check(
    name="decided_are_told",
    proves="Every decided operation has exactly one event, and no other operation has one.",
    run=run,
)
