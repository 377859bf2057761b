"""The scheduler process: at each beat of APScheduler a run is claimed, executed, and its end
recorded.

APScheduler only triggers. By default it would drop a run that is a second late and cancel running
ones at shutdown, so here runs may be arbitrarily late and stopping waits for them. It plans by the
wall clock: when that jumps, detected with a monotonic clock, everything is planned again.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    EVENT_SCHEDULER_SHUTDOWN,
    JobEvent,
)
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from payments.kernel.clock import monotonic_s, utc_now
from scheduler import metrics, runs
from scheduler.job import Job, Tools
from streams.tasks import end

STOP_S: Final = 20.0
"""How long running jobs may take to end when the process is stopped."""

JUMP_S: Final = 2.0
"""A wall clock that moved this much relative to the monotonic clock has jumped."""
_LOOK_EVERY_S: Final = 1.0
_SEEN_EVERY_S: Final = 5.0
_ERROR_MAX: Final = 1000
_TROUBLES: Final = {
    EVENT_JOB_ERROR: "error",
    EVENT_JOB_MISSED: "missed",
    EVENT_JOB_MAX_INSTANCES: "still_running",
}
_log = structlog.get_logger(__name__)


class Heartbeat:
    """Runs a timetable until it is stopped. `name` identifies the replica in `job_runs`."""

    def __init__(self, jobs: Sequence[Job], tools: Tools, name: str) -> None:
        """Raises ValueError for two jobs with the same id."""
        if len({job.id for job in jobs}) != len(jobs):
            raise ValueError("two jobs have the same id")
        self._jobs = jobs
        self._tools = tools
        self._name = name
        self._running: set[asyncio.Task[None]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._scheduler: Any = AsyncIOScheduler(
            jobstores={"default": MemoryJobStore()},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )
        self._scheduler.add_listener(_on_trouble, sum(_TROUBLES))
        self._ended = asyncio.Event()
        self._scheduler.add_listener(lambda _: self._ended.set(), EVENT_SCHEDULER_SHUTDOWN)

    def start(self) -> None:
        """Start: every job once now, for a slot that may have been missed, then at its times."""
        self._plan()
        self._scheduler.start()
        self._watching = asyncio.create_task(self._watch(), name="clock")
        _log.info("scheduler_started", count=len(self._jobs), name=self._name)

    def _plan(self) -> None:
        now = utc_now()
        for job in self._jobs:
            self._scheduler.add_job(
                self._beat,
                IntervalTrigger(seconds=job.every_s, start_date=job.slot(now), timezone="UTC"),
                args=[job],
                id=job.id,
                next_run_time=now,
                replace_existing=True,
            )

    async def _watch(self) -> None:
        """Plan again when the wall clock jumps; write this scheduler's
        heartbeat to the database.
        """
        behind_s = utc_now().timestamp() - monotonic_s()
        seen_at = -_SEEN_EVERY_S
        while True:
            moved_s = utc_now().timestamp() - monotonic_s() - behind_s
            if abs(moved_s) > JUMP_S:
                _log.error("clock_jumped", seconds=round(moved_s, 1))
                metrics.CLOCK_JUMPS.inc()
                behind_s += moved_s
                self._plan()
            if monotonic_s() - seen_at >= _SEEN_EVERY_S:
                seen_at = monotonic_s()
                await self._be_seen()
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _be_seen(self) -> None:
        try:
            async with asyncio.timeout(_SEEN_EVERY_S):
                await runs.be_seen(self._tools.engine, self._name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the clock must still be watched
            _log.warning("scheduler_not_seen", error=repr(error)[:200])

    async def stop(self, deadline_s: float = STOP_S) -> None:
        """Start no new runs; running ones may end until the deadline, then they are cancelled."""
        await end(self._watching)
        self._scheduler.pause()
        if self._running:
            _, late = await asyncio.wait(set(self._running), timeout=deadline_s)
            for task in late:
                _log.warning("job_cancelled", job=task.get_name())
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._scheduler.shutdown(wait=False)
        await self._ended.wait()

    async def _beat(self, job: Job) -> None:
        """Use a task of our own for each run: APScheduler cancels its own tasks at shutdown."""
        task = asyncio.create_task(self.run(job), name=job.id)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.shield(task)

    async def run(self, job: Job) -> None:
        """Run a job if this scheduler gets the claim. Raises the job's error."""
        clock, engine = self._tools.clock, self._tools.engine
        slot = job.slot(clock())
        if job.is_everywhere:
            handled = await self._timed(job)
            await runs.note(engine, job.id, slot, self._name, handled)
            return
        if not await runs.claim(engine, job.id, slot, self._name):
            metrics.RUNS.labels(job.id, "elsewhere").inc()
            return
        try:
            handled = await self._timed(job)
        except BaseException as error:
            await runs.finish(engine, job.id, slot, clock(), repr(error)[:_ERROR_MAX])
            raise
        await runs.finish(engine, job.id, slot, clock(), handled)

    async def _timed(self, job: Job) -> int:
        started = monotonic_s()
        result = "failed"
        try:
            async with asyncio.timeout(job.timeout_s):
                handled = await job.run(self._tools)
            result = "done"
        finally:
            metrics.RUNS.labels(job.id, result).inc()
            metrics.RUN_S.labels(job.id).observe(monotonic_s() - started)
        if handled:
            _log.info("job_done", job=job.id, count=handled)
        return handled


def _on_trouble(event: JobEvent) -> None:
    trouble = _TROUBLES[event.code]
    metrics.TROUBLES.labels(event.job_id, trouble).inc()
    error = getattr(event, "exception", None)
    _log.error(
        "job_trouble", job=event.job_id, reason=trouble, error=repr(error) if error else None
    )
