"""The scheduler role: runs the timetable."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvloop

from payments.entrypoints.superpay import superpay_schedule
from payments.entrypoints.waiting import servers_there, stop_on_signals
from payments.kernel.clock import utc_now
from payments.kernel.database import create_engine
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter
from payments.provider.schedule import Schedule
from scheduler.heartbeat import Heartbeat
from scheduler.job import Tools
from scheduler.jobs.prune_deliveries import DeliveriesKept
from scheduler.jobs.prune_events import EventsKept
from scheduler.schedule import JOBS, WATCH
from streams.client import create_client

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings


@asynccontextmanager
async def create_tools(settings: "Settings") -> AsyncIterator[Tools]:
    """The tools for jobs while the context lasts."""
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    engine = create_engine(database_url, pool_size=4, application="payments-scheduler")
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    redis = create_client(redis_url)
    await door.start()
    await outcomes.start()
    try:
        yield Tools(
            engine=engine,
            redis=redis,
            submitter=Submitter(door, outcomes, utc_now),
            clock=utc_now,
            database_url=database_url,
            redis_url=redis_url,
            others={
                Schedule: superpay_schedule(settings),
                EventsKept: EventsKept(settings.events_keep_days),
                DeliveriesKept: DeliveriesKept(settings.webhook_keep_days),
            },
        )
    finally:
        await outcomes.stop()
        await door.stop()
        await redis.aclose()
        await engine.dispose()


async def run(settings: "Settings") -> None:
    """Run until SIGTERM or SIGINT, letting running jobs end. Waits for unreachable servers at
    first.
    """
    stop = stop_on_signals()
    if not await servers_there(settings, stop):
        return
    async with create_tools(settings) as tools:
        heartbeat = Heartbeat((*JOBS, WATCH), tools, f"{socket.gethostname()}-{os.getpid()}")
        heartbeat.start()
        await stop.wait()
        await heartbeat.stop()


def main(settings: "Settings") -> None:
    """The command `payments scheduler`."""
    uvloop.run(run(settings))
