"""The invariants over everything there is, once a day."""

from scheduler.checks.audit import audit
from scheduler.job import Tools
from scheduler.jobs.run_checks import report


async def run(tools: Tools) -> int:
    """How many invariants do not hold; every replica shows it as `payments_job_last_handled`."""
    return report(await audit(tools.database_url, tools.redis_url))
