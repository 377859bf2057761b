"""Processes stored callbacks again whose effect was lost or that matched nothing yet."""

from payments.surfaces.superpay.drive import drive_due
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """Returns how many were due."""
    return await drive_due(tools.engine, tools.submitter, tools.clock())
