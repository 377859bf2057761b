"""The dead man's switch: measures when each job last succeeded and raises an alarm when overdue."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from scheduler import metrics, runs
from scheduler.job import Job, Tools

OVERDUE_INTERVALS: Final = 3
_log = structlog.get_logger(__name__)


def watching(jobs: Sequence[Job]) -> Callable[[Tools], Awaitable[int]]:
    """A run that watches the claimed jobs among these; the others have their own metrics."""
    claimed = [job for job in jobs if not job.is_everywhere]

    async def run(tools: Tools) -> int:
        return await watch(claimed, tools)

    return run


def overdue_after_s(job: Job) -> float:
    """How old the last success of a job may be."""
    return OVERDUE_INTERVALS * job.every_s + job.timeout_s


async def watch(jobs: Sequence[Job], tools: Tools) -> int:
    """Returns how many jobs are overdue. A job that never succeeded has no age: it is new."""
    last = await runs.last_runs(tools.engine, [job.id for job in jobs])
    overdue = 0
    for job in jobs:
        if job.id not in last:
            continue
        age_s = (tools.clock() - last[job.id].finished_at).total_seconds()
        metrics.SUCCESS_AGE_S.labels(job.id).set(age_s)
        metrics.HANDLED.labels(job.id).set(last[job.id].handled)
        if age_s > overdue_after_s(job):
            overdue += 1
            _log.error("job_overdue", job=job.id, seconds=round(age_s))
    return overdue
