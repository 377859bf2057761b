"""Submitting what a job found: one that is turned away is found again by the next run."""

from collections.abc import Sequence

import structlog

from payments.operations.submit import Request
from scheduler.job import Tools

_log = structlog.get_logger(__name__)


async def submit_all(tools: Tools, requests: Sequence[Request]) -> int:
    """How many were accepted."""
    results = await tools.submitter.many(requests)
    failures = [r for r in results if isinstance(r, Exception)]
    if failures:
        _log.warning("not_submitted", count=len(failures), error=repr(failures[0])[:200])
    return len(results) - len(failures)
