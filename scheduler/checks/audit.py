"""Runs the invariants over one state of the data."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import msgspec

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect
from scheduler.checks.catalog import CHECKS
from scheduler.checks.check import Breach, Check, Limits, Snapshot
from streams.client import create_client
from streams.rollback import look, positions


class Finding(msgspec.Struct, frozen=True):
    """The result of one check."""

    check: Check
    breaches: list[Breach]
    seconds: float

    @property
    def is_broken(self) -> bool:
        """True when an invariant does not hold; a warning does not count."""
        return bool(self.breaches) and not self.check.is_warning


Progress = Callable[[Check, Finding | None], None]
"""Called before a check (with None) and after it."""


def _silent(_check: Check, _finding: Finding | None) -> None:
    pass


async def audit(
    database_url: str,
    redis_url: str,
    *,
    since: datetime | None = None,
    limits: Limits | None = None,
    progress: Progress = _silent,
) -> list[Finding]:
    """Run every check over all data; with `since`, the cheap form of those that have one."""
    checks = [c for c in CHECKS if since is None or not c.is_audit_only]
    async with open_snapshot(database_url, redis_url, since, limits or Limits()) as snapshot:
        return await run_checks(checks, snapshot, progress)


async def run_checks(
    checks: Sequence[Check], snapshot: Snapshot, progress: Progress = _silent
) -> list[Finding]:
    """Run the checks one after another in their order."""
    findings = []
    for check in checks:
        progress(check, None)
        started = monotonic_s()
        breaches = await check.run(snapshot)
        finding = Finding(check, breaches, monotonic_s() - started)
        progress(check, finding)
        findings.append(finding)
    return findings


@asynccontextmanager
async def open_snapshot(
    database_url: str, redis_url: str, since: datetime | None, limits: Limits
) -> AsyncIterator[Snapshot]:
    """One state of PostgreSQL for all checks, so that no two of them see different data."""
    connection = await connect(database_url, application_name="payments-checks")
    redis = create_client(redis_url, connections=2)
    try:
        applied, _ = await positions(connection)
        views = await look(redis, applied)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SET LOCAL work_mem = '64MB'")
            yield Snapshot(
                connection=connection,
                redis=redis,
                now=utc_now(),
                since=since,
                limits=limits,
                seen=views,
            )
    finally:
        await redis.aclose()
        connection.terminate()
