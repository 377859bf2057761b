"""A real consumer process that kills itself (SIGKILL) at a chosen point.

    python -m tests.faults.crashing_consumer <database url> <redis url> <point>

Points: none, before_commit, after_commit, between_ack_and_delete. It dies
at the first batch that reaches the point.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import payments.operations.apply
import streams.consumer
from payments.entrypoints.consumer import create_consumer
from streams import partitions
from streams.entry import Entry


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str) -> None:
    if point == "before_commit":
        write = payments.operations.apply._write

        async def write_then_die(*arguments: Any) -> None:
            await write(*arguments)
            die()

        payments.operations.apply._write = write_then_die  # type: ignore[assignment]
    elif point == "after_commit":

        async def die_instead(*_arguments: Any) -> None:
            die()

        streams.consumer._Session._complete = die_instead  # type: ignore[method-assign, assignment]
    elif point == "between_ack_and_delete":

        async def acknowledge_then_die(client: Any, entries: list[Entry]) -> None:
            for entry in entries:
                await client.xack(
                    partitions.intents(entry.partition), partitions.GROUP, entry.stream_id
                )
            die()

        streams.consumer.acknowledge = acknowledge_then_die


async def main() -> None:
    database_url, redis_url, point = sys.argv[1:]
    arm(point)
    consumer = await create_consumer(database_url, redis_url, partitions=4)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.stop.set)
    await consumer.run()


if __name__ == "__main__":
    asyncio.run(main())
