"""Kept callbacks whose effect got lost, or that nobody knew yet, are driven on."""

from payments.surfaces.superpay.drive import drive_due
from scheduler.job import Tools


async def run(tools: Tools) -> int:
    """How many were due."""
    return await drive_due(tools.engine, tools.submitter, tools.clock())
