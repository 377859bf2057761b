"""Watches the scheduler from the API, so that a silent one is noticed."""

import asyncio
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.health import Age, Ages
from payments.kernel.clock import Clock
from scheduler import runs
from scheduler.jobs import watch_jobs
from scheduler.schedule import JOBS, WATCH
from streams.tasks import end

ALARM_S: Final = 30.0
_LOOK_EVERY_S: Final = 10.0
_WATCHED: Final = (*JOBS, WATCH)
SILENT_S: Final = Gauge(
    "payments_scheduler_silent_seconds", "Since any scheduler was heard of, seen from the API"
)
JOB_AGE_S: Final = Gauge(
    "payments_job_age_seconds", "Since a job last succeeded, seen from the API", ["job"]
)
OVERDUE_S: Final = Gauge(
    "payments_job_overdue_after_seconds", "An age of this job that is too much", ["job"]
)
_log = structlog.get_logger(__name__)


class SchedulerWatch:
    """Updates metrics at intervals; readiness queries anew."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        """`engine`: the primary."""
        self._engine = engine
        self._clock = clock
        self._since = clock()
        """Age of a job that never ran counts from here."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the background task."""
        self._task = asyncio.create_task(self._watch(), name="scheduler-watch")

    async def stop(self) -> None:
        await end(self._task)

    def ages(self) -> Ages:
        """For readiness: reports a silent scheduler, without refusing requests."""
        return Ages({"scheduler": Age(lambda: runs.silent_s(self._engine), ALARM_S)})

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except Exception as error:  # noqa: BLE001 - the database is away: readiness says that
                _log.warning("scheduler_not_looked_at", error=repr(error)[:200])
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _look(self) -> None:
        silent_s = await runs.silent_s(self._engine)
        if silent_s is not None:
            SILENT_S.set(silent_s)
            if silent_s > ALARM_S:
                _log.error("scheduler_is_silent", seconds=round(silent_s))
        last = await runs.last_runs(self._engine, [job.id for job in _WATCHED])
        for job in _WATCHED:
            since = last[job.id].finished_at if job.id in last else self._since
            JOB_AGE_S.labels(job.id).set((self._clock() - since).total_seconds())
            OVERDUE_S.labels(job.id).set(watch_jobs.overdue_after_s(job))
