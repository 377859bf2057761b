"""Checks the invariants over recent data every few minutes."""

from datetime import timedelta
from typing import Final

import structlog

from scheduler import metrics
from scheduler.checks.audit import Finding, audit
from scheduler.job import Tools

LOOK_BACK_S: Final = 3600
"""Much longer than the interval: a missed run leaves nothing unchecked."""

_log = structlog.get_logger(__name__)


async def run(tools: Tools) -> int:
    """Returns how many invariants do not hold."""
    since = tools.clock() - timedelta(seconds=LOOK_BACK_S)
    findings = await audit(tools.database_url, tools.redis_url, since=since)
    for finding in findings:
        metrics.BREACHES.labels(finding.check.name).set(len(finding.breaches))
    return report(findings)


def report(findings: list[Finding]) -> int:
    """Log every breach; returns how many invariants do not hold."""
    for finding in findings:
        log = _log.warning if finding.check.is_warning else _log.error
        for breach in finding.breaches:
            log(
                "invariant_broken",
                check=finding.check.name,
                reason=f"{breach.subject}: {breach.detail}",
            )
    return sum(finding.is_broken for finding in findings)
