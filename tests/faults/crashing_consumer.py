"""A real consumer process that kills itself (SIGKILL) at a chosen point.

    python -m tests.faults.crashing_consumer <database url> <redis url> <points>

Points: none, before_commit, after_commit, between_ack_and_delete. It dies
at the first batch that reaches the point. Guards that can be taken away, for the tests of the
tests: ack_first (acknowledges before it applies), own_all (every partition is granted, whoever has
it). Several are joined by `+`.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import payments.operations.apply
import streams.consumer
import streams.ownership
from payments.entrypoints.consumer import create_consumer
from streams import partitions
from streams.entry import Entry
from streams.finishing import Step


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_instead(*_arguments: Any) -> None:
    die()


def arm(point: str) -> None:
    if point == "before_commit":
        write = payments.operations.apply._write

        async def write_then_die(*arguments: Any) -> None:
            await write(*arguments)
            die()

        payments.operations.apply._write = write_then_die  # type: ignore[assignment]
    elif point == "after_commit":
        streams.consumer._Session._complete = die_instead  # type: ignore[method-assign, assignment]
    elif point == "between_ack_and_delete":
        complete = streams.consumer._Session._complete

        async def complete_then_die(session: Any, step: Step) -> None:
            await complete(session, step)
            die()

        streams.consumer.acknowledge = acknowledge_only
        streams.consumer._Session._complete = complete_then_die  # type: ignore[method-assign, assignment]


def acknowledge_only(pipeline: Any, entries: list[Entry]) -> None:
    """XACK without XDEL."""
    for entry in entries:
        pipeline.xack(partitions.intents(entry.partition), partitions.GROUP, entry.stream_id)


def disarm(guard: str) -> None:
    """Take a guard away."""
    if guard == "ack_first":
        apply = streams.consumer._Session._apply

        async def acknowledge_then_apply(session: Any, batch: list[Entry]) -> Any:
            pipeline = session._consumer.client.pipeline(transaction=False)
            streams.consumer.acknowledge(pipeline, batch)
            await pipeline.execute()
            return await apply(session, batch)

        streams.consumer._Session._apply = acknowledge_then_apply  # type: ignore[method-assign, assignment]
    elif guard == "own_all":

        async def granted(_ownership: Any, _partition: int) -> bool:
            return True

        async def everything(ownership: Any) -> tuple[int, int]:
            _, count = await beat(ownership)
            return 1, count

        beat = streams.ownership.Ownership.beat
        streams.ownership.Ownership._try = granted  # type: ignore[method-assign, assignment]
        streams.ownership.Ownership.beat = everything  # type: ignore[method-assign, assignment]


async def main() -> None:
    database_url, redis_url, points = sys.argv[1:]
    for point in points.split("+"):
        arm(point)
        disarm(point)
    consumer = await create_consumer(database_url, redis_url, partitions=4)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.stop.set)
    await consumer.run()


if __name__ == "__main__":
    asyncio.run(main())
