"""The provider's registry is fetched: today's as it grows, yesterday's until it is final."""

from datetime import timedelta
from typing import Final

import payments.reconciliation.fetch
from payments.operations.submit import keyed
from payments.provider.tables import SUPERPAY
from payments.reconciliation.fetch import FetchRegistry
from payments.reconciliation.queries import has_closed_run
from scheduler.job import ACTOR, Tools
from scheduler.jobs.submitting import submit_all

EVERY_S: Final = 3600
_CLOSED_AFTER_H: Final = 2
_SETTLED_AFTER_H: Final = 1


async def run(tools: Tools) -> int:
    """How many registries were asked for; once an hour each."""
    now = tools.clock()
    today, yesterday = now.date(), now.date() - timedelta(days=1)
    days = [today] if now.hour >= _SETTLED_AFTER_H else []
    if now.hour >= _CLOSED_AFTER_H and not await has_closed_run(tools.engine, SUPERPAY, yesterday):
        days.append(yesterday)
    hour = int(now.timestamp()) // EVERY_S
    operation = payments.reconciliation.fetch.OPERATION
    requests = [
        keyed(
            operation,
            FetchRegistry(day=day),
            actor=ACTOR,
            key=f"{day}:{hour}",
            scope="registry.fetch",
        )
        for day in days
    ]
    return await submit_all(tools, requests)
