"""Fetches the provider's registries: today's as it grows, earlier ones until they are final."""

from datetime import timedelta
from typing import Final

import payments.reconciliation.fetch
from payments.operations.submit import keyed
from payments.provider.tables import SUPERPAY
from payments.reconciliation.fetch import FetchRegistry
from payments.reconciliation.queries import days_to_fetch
from scheduler.job import ACTOR, Tools
from scheduler.jobs.submitting import submit_all

OLD_EVERY_H: Final = 6
"""Registries older than yesterday: one that failed for a day is not requested every hour."""
DAYS_MAX: Final = 31
"""How many days of a long gap are requested at once, the newest first."""
_SETTLED_AFTER_H: Final = 1


async def run(tools: Tools) -> int:
    """Returns how many registries were requested."""
    now = tools.clock()
    days = (await days_to_fetch(tools.engine, SUPERPAY, now))[::-1][:DAYS_MAX]
    if now.hour >= _SETTLED_AFTER_H:
        days.append(now.date())
    recent, hour = now.date() - timedelta(days=1), int(now.timestamp()) // 3600
    operation = payments.reconciliation.fetch.OPERATION
    requests = [
        keyed(
            operation,
            FetchRegistry(day=day),
            actor=ACTOR,
            key=f"{day}:{hour if day >= recent else hour - hour % OLD_EVERY_H}",
            scope="registry.fetch",
        )
        for day in days
    ]
    return await submit_all(tools, requests)
