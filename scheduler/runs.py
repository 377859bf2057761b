"""Who runs what when: each run is claimed by a row, whose primary key lets one process have it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from scheduler.tables import job_runs


class LastRun(msgspec.Struct, frozen=True):
    """The newest successful run of a job, by whichever process."""

    finished_at: datetime
    handled: int


async def claim(engine: AsyncEngine, job: str, slot: datetime, by: str, now: datetime) -> bool:
    """True when the run is ours; False when somebody has it or had it."""
    row = {"job": job, "slot": slot, "claimed_by": by, "started_at": now}
    async with engine.begin() as connection:
        done = await connection.execute(insert(job_runs).values(row).on_conflict_do_nothing())
    return done.rowcount == 1


async def finish(
    engine: AsyncEngine, job: str, slot: datetime, now: datetime, end: int | str
) -> None:
    """How a claimed run ended: what it handled, or why it failed."""
    is_failed = isinstance(end, str)
    values = {"finished_at": now, "error" if is_failed else "handled": end}
    this = (job_runs.c.job == job) & (job_runs.c.slot == slot)
    async with engine.begin() as connection:
        await connection.execute(job_runs.update().where(this).values(values))


async def last_runs(engine: AsyncEngine, jobs: Iterable[str]) -> dict[str, LastRun]:
    """By job; those that never succeeded are not in it. Each is one step in the primary key."""
    found = {}
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
                found[job] = LastRun(row.finished_at, row.handled)
    return found


async def prune(engine: AsyncEngine, now: datetime, keep_days: int) -> int:
    """Forget old runs, but keep each job's newest success: its age is the dead man's switch."""
    other = job_runs.alias()
    is_newer = (other.c.job == job_runs.c.job) & (other.c.slot > job_runs.c.slot)
    has_newer = sa.exists().where(is_newer & other.c.handled.is_not(None))
    is_old = job_runs.c.slot < now - timedelta(days=keep_days)
    async with engine.begin() as connection:
        done = await connection.execute(job_runs.delete().where(is_old & has_newer))
    return done.rowcount
