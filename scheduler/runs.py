"""Who runs what when: each run is claimed by a row, whose primary key lets one process have it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from scheduler.tables import job_runs, scheduler_beats

_SKEW: Final = timedelta(seconds=5)
"""Clocks of several hosts differ by less."""


class LastRun(msgspec.Struct, frozen=True):
    """The newest successful run of a job, by whichever process."""

    finished_at: datetime
    handled: int


async def claim(engine: AsyncEngine, job: str, slot: datetime, by: str) -> bool:
    """True when the run is ours; False when somebody has it or had it.

    A claim that a wrong clock made for a time that had not come does not count.
    """
    row = {"job": job, "slot": slot, "claimed_by": by, "started_at": sa.func.now()}
    c = job_runs.c
    is_false = sa.or_(c.started_at > sa.func.now() + _SKEW, c.slot > c.started_at + _SKEW)
    async with engine.begin() as connection:
        await connection.execute(job_runs.delete().where(c.job == job, c.slot >= slot, is_false))
        done = await connection.execute(insert(job_runs).values(row).on_conflict_do_nothing())
    return done.rowcount == 1


async def note(engine: AsyncEngine, job: str, slot: datetime, by: str, handled: int) -> None:
    """A run of a job that every scheduler does: the first of a slot stands for all."""
    row = {"job": job, "slot": slot, "claimed_by": by, "handled": handled}
    now = {"started_at": sa.func.now(), "finished_at": sa.func.now()}
    async with engine.begin() as connection:
        await connection.execute(insert(job_runs).values(**row, **now).on_conflict_do_nothing())


async def be_seen(engine: AsyncEngine, name: str) -> None:
    """Say that this scheduler lives, by the database's clock."""
    seen = {"seen_at": sa.func.now()}
    statement = insert(scheduler_beats).values(name=name, **seen)
    async with engine.begin() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_=seen)
        )


async def silent_s(engine: AsyncEngine) -> float | None:
    """How long ago any scheduler was heard of; None when none ever was."""
    age = sa.func.extract("epoch", sa.func.now() - sa.func.max(scheduler_beats.c.seen_at))
    async with engine.connect() as connection:
        found = (await connection.execute(sa.select(age))).scalar_one()
    return None if found is None else float(found)


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
    b = scheduler_beats.c
    is_gone = b.seen_at < sa.func.now() - timedelta(days=keep_days)
    newest = sa.select(sa.func.max(b.seen_at)).scalar_subquery()
    async with engine.begin() as connection:
        done = await connection.execute(job_runs.delete().where(is_old & has_newer))
        await connection.execute(scheduler_beats.delete().where(is_gone, b.seen_at < newest))
    return done.rowcount
