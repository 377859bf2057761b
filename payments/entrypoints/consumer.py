"""The consumer role: owns partitions of the stream and applies them to the ledger."""

import asyncio
import os
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING

import uvloop

from payments.entrypoints import memory
from payments.kernel.clock import Clock, utc_now
from payments.kernel.database import Connection, connect
from payments.operations.apply import Applier
from payments.operations.finish import steps
from payments.registry import OPERATIONS
from streams.client import create_client, place_of
from streams.cluster.addresses import is_cluster
from streams.consumer import Consumer
from streams.entry import Entry
from streams.finishing import Step
from streams.ownership import SESSION_SETTINGS, ensure_partitions

if TYPE_CHECKING:
    from payments.entrypoints.settings import Settings


async def create_consumer(
    database_url: str,
    redis_url: str,
    *,
    partitions: int = 8,
    name: str | None = None,
    clock: Clock = utc_now,
) -> Consumer:
    """A consumer of every operation in the registry, ready to `run`."""
    applier = Applier(OPERATIONS, clock)
    connection = await connect(database_url)
    count = await ensure_partitions(connection, partitions)
    await connection.close()

    async def session() -> Connection:
        return await connect(database_url, **SESSION_SETTINGS)

    client = create_client(redis_url, connections=count + 4)
    where = partial(place_of, client) if is_cluster(redis_url) else None

    async def handle(connection: Connection, entries: list[Entry]) -> list[Step]:
        return steps(await applier.apply(connection, entries), where)

    return Consumer(
        name=name or f"{socket.gethostname()}-{os.getpid()}",
        connect=session,
        client=client,
        handler=handle,
    )


async def run(settings: "Settings") -> None:
    """Run until SIGTERM or SIGINT, finishing what was begun."""
    consumer = await create_consumer(
        settings.database_url.reveal(), settings.redis_url.reveal(), partitions=settings.partitions
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, consumer.stop.set)
    memory.settle()
    await consumer.run()


def main(settings: "Settings") -> None:
    """The command `payments consumer`."""
    uvloop.run(run(settings))
