"""Submits requests of a job; a refused one is found again by the next run."""

from collections.abc import Sequence

import structlog

from payments.operations.after_discard import renewed
from payments.operations.submit import Request
from scheduler.job import Tools

_log = structlog.get_logger(__name__)


async def submit_all(tools: Tools, requests: Sequence[Request]) -> int:
    """Returns how many were accepted. Discarded operations are requested under their next id."""
    results = await tools.submitter.many(await renewed(tools.engine, requests))
    failures = [r for r in results if isinstance(r, Exception)]
    if failures:
        _log.warning("not_submitted", count=len(failures), error=repr(failures[0])[:200])
    return len(results) - len(failures)
