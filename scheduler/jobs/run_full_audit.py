"""Checks the invariants over all data once a day."""

from scheduler.checks.audit import audit
from scheduler.job import Tools
from scheduler.jobs.run_checks import report


async def run(tools: Tools) -> int:
    """Returns how many invariants do not hold; shown in the metric `payments_job_last_handled`."""
    return report(await audit(tools.database_url, tools.redis_url))
