"""Records job runs: each run is claimed by inserting a row, whose primary key
admits one process.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from scheduler.tables import job_runs, scheduler_beats

_SKEW: Final = timedelta(seconds=5)
"""The clocks of several hosts differ by less than this."""


class LastRun(msgspec.Struct, frozen=True):
    """The newest successful run of a job, in any process."""

    finished_at: datetime
    handled: int


async def claim(engine: AsyncEngine, job: str, slot: datetime, by: str) -> bool:
    """True when this process gets the run; False when another one has or had it.

    Claims that a wrong clock made for a future slot do not count.
    """
    row = {"job": job, "slot": slot, "claimed_by": by, "started_at": sa.func.now()}
    c = job_runs.c
    is_false = sa.or_(c.started_at > sa.func.now() + _SKEW, c.slot > c.started_at + _SKEW)
    async with engine.begin() as connection:
        await connection.execute(job_runs.delete().where(c.job == job, c.slot >= slot, is_false))
        result = await connection.execute(insert(job_runs).values(row).on_conflict_do_nothing())
    return result.rowcount == 1


async def note(engine: AsyncEngine, job: str, slot: datetime, by: str, handled: int) -> None:
    """Record a run of a job that every scheduler does; the first run of a slot counts for all."""
    row = {"job": job, "slot": slot, "claimed_by": by, "handled": handled}
    now = {"started_at": sa.func.now(), "finished_at": sa.func.now()}
    async with engine.begin() as connection:
        await connection.execute(insert(job_runs).values(**row, **now).on_conflict_do_nothing())


async def be_seen(engine: AsyncEngine, name: str) -> None:
    """Write this scheduler's heartbeat, by the database's clock."""
    values = {"seen_at": sa.func.now()}
    statement = insert(scheduler_beats).values(name=name, **values)
    async with engine.begin() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=values)
        )


async def silent_s(engine: AsyncEngine) -> float | None:
    """Seconds since the last heartbeat of any scheduler; None if there never was one."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.max(scheduler_beats.c.seen_at))
    async with engine.connect() as connection:
        age_s = (await connection.execute(sa.select(age))).scalar_one()
    return None if age_s is None else float(age_s)


async def finish(
    engine: AsyncEngine, job: str, slot: datetime, now: datetime, end: int | str
) -> None:
    """Record the end of a claimed run: what it handled, or why it failed."""
    is_failed = isinstance(end, str)
    values = {"finished_at": now, "error" if is_failed else "handled": end}
    this = (job_runs.c.job == job) & (job_runs.c.slot == slot)
    async with engine.begin() as connection:
        await connection.execute(job_runs.update().where(this).values(values))


async def last_runs(engine: AsyncEngine, jobs: Iterable[str]) -> dict[str, LastRun]:
    """The last successful runs by job; jobs that never succeeded are missing.

    Each is one lookup in the primary key.
    """
    runs = {}
    async with engine.connect() as connection:
        for job in jobs:
            newest = (
                sa.select(job_runs.c.finished_at, job_runs.c.handled)
                .where(job_runs.c.job == job, job_runs.c.handled.is_not(None))
                .order_by(job_runs.c.slot.desc())
                .limit(1)
            )
            row = (await connection.execute(newest)).one_or_none()
            if row is not None:
                runs[job] = LastRun(row.finished_at, row.handled)
    return runs


async def prune(engine: AsyncEngine, now: datetime, keep_days: int) -> int:
    """Delete old runs, but keep each job's newest success, because its age triggers the alarm."""
    other = job_runs.alias()
    is_newer = (other.c.job == job_runs.c.job) & (other.c.slot > job_runs.c.slot)
    has_newer = sa.exists().where(is_newer & other.c.handled.is_not(None))
    is_old = job_runs.c.slot < now - timedelta(days=keep_days)
    b = scheduler_beats.c
    is_gone = b.seen_at < sa.func.now() - timedelta(days=keep_days)
    newest = sa.select(sa.func.max(b.seen_at)).scalar_subquery()
    async with engine.begin() as connection:
        result = await connection.execute(job_runs.delete().where(is_old & has_newer))
        await connection.execute(scheduler_beats.delete().where(is_gone, b.seen_at < newest))
    return result.rowcount
