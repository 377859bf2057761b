"""How much is decided, and how much is parked: figures for people who watch."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.operations.tables import dead_letters, operations
from streams.tasks import end

_log = structlog.get_logger(__name__)
_PATIENCE: Final = sa.text("SET LOCAL statement_timeout = '1s'")
_CANCELED: Final = "57014"
_FRESH: Final = timedelta(seconds=10)
_PAGE_WAIT_S: Final = 0.1
_MINUTE: Final = timedelta(minutes=1)
_SETTLED: Final = timedelta(minutes=2)
"""A minute this old gets no more decisions: a batch is committed long before."""


class Minute(msgspec.Struct, frozen=True):
    """Operations decided in a minute, and those of the decided that were accepted in it."""

    at: datetime
    accepted: int
    applied: int
    refused: int


Counted = tuple[datetime, str, int]
"""Of the operations decided in a minute: when accepted, with which outcome, how many."""


class MinuteCounts:
    """Counts what was decided by minute. A minute that has passed is counted once a process.

    Counting goes on beside the request that asked: a page shows what is known by then.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._known: dict[datetime, list[Counted]] = {}
        self._counted: tuple[datetime, Sequence[Minute] | None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def stop(self) -> None:
        """Stop counting."""
        await end(self._task)

    async def recent(self, window: timedelta, now: datetime) -> Sequence[Minute] | None:
        """What was counted last, at most ten seconds ago if that is known within a tenth of one.

        None when nothing is counted yet, or there is too much to count.
        """
        if self._counted is None or now - self._counted[0] > _FRESH:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._renew(window, now), name="figures")
            await asyncio.wait({self._task}, timeout=_PAGE_WAIT_S)
        return None if self._counted is None else self._counted[1]

    async def _renew(self, window: timedelta, now: datetime) -> None:
        try:
            self._counted = (now, await self.last(window, now))
        except Exception as error:  # noqa: BLE001 - the page says that nothing is counted
            _log.warning("figures_unknown", error=repr(error)[:200])
            self._counted = (now, None)

    async def last(self, window: timedelta, now: datetime) -> Sequence[Minute] | None:
        """Every minute of the window, empty ones too; None when there are too many to count."""
        newest = now.replace(second=0, microsecond=0)
        times = [newest - timedelta(minutes=n) for n in range(window // _MINUTE, -1, -1)]
        known = {at: rows for at, rows in self._known.items() if at >= times[0]}
        rows = await self._count(next(at for at in [*times, newest] if at not in known))
        if rows is None:
            return None
        known = {at: rows.get(at, known.get(at, [])) for at in times}
        self._known = {at: rows for at, rows in known.items() if at < newest - _SETTLED}
        counts: Counter[tuple[str, datetime]] = Counter()
        for at, counted in known.items():
            for accepted_at, status, count in counted:
                counts[status, at] += count
                counts["accepted", accepted_at] += count
        words = ("accepted", "applied", "rejected")
        return [Minute(at, *(counts[word, at] for word in words)) for at in times]

    async def _count(self, since: datetime) -> dict[datetime, list[Counted]] | None:
        c = operations.c
        minute = sa.func.date_trunc("minute", c.decided_at).label("minute")
        accepted = sa.func.date_trunc("minute", c.accepted_at).label("accepted")
        columns = (minute, accepted, c.status)
        query = sa.select(*columns, sa.func.count()).where(c.decided_at >= since)
        counted: dict[datetime, list[Counted]] = {}
        try:
            async with self._engine.connect() as connection:
                await connection.execute(_PATIENCE)
                for at, *row in await connection.execute(query.group_by(*columns)):
                    counted.setdefault(at, []).append((row[0], row[1], row[2]))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _CANCELED:
                raise
            return None
        return counted


async def count_parked(engine: AsyncEngine) -> int:
    """Dead letters that wait for an operator."""
    query = sa.select(sa.func.count()).where(dead_letters.c.state == "parked")
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())
