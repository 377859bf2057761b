"""Closes bank payments that were not confirmed within ten minutes, by submitting intents."""

from datetime import timedelta
from typing import Final

from payments.banks.expire import expire_request
from payments.banks.queries import due_confirmations
from scheduler.job import Tools
from scheduler.jobs.submitting import submit_all

MARGIN: Final = timedelta(seconds=1)
"""The consumer's clock may be this far behind ours: it refuses a request that comes too early."""


async def run(tools: Tools) -> int:
    """Returns how many were submitted. They cannot be confirmed meanwhile: a
    late code is refused.
    """
    now = tools.clock()
    due = await due_confirmations(tools.engine, now - MARGIN)
    return await submit_all(tools, [expire_request(d, now) for d in due])
