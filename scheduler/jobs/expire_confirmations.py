"""Bank payments whose ten minutes are over are closed, through an intent like everything else."""

from datetime import timedelta
from typing import Final

from payments.banks.expire import expire_request
from payments.banks.queries import due_confirmations
from scheduler.job import Tools
from scheduler.jobs.submitting import submit_all

MARGIN: Final = timedelta(seconds=1)
"""The consumer's clock may be this far behind ours: asked too early, it refuses."""


async def run(tools: Tools) -> int:
    """How many were asked for. Nobody can confirm them meanwhile: a late code is refused anyway."""
    now = tools.clock()
    due = await due_confirmations(tools.engine, now - MARGIN)
    return await submit_all(tools, [expire_request(d, now) for d in due])
