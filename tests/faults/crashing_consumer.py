"""A real consumer process that kills itself (SIGKILL) at a chosen point.

    python -m tests.faults.crashing_consumer <database url> <redis url> <points>

Points: none, before_commit, after_commit, between_ack_and_delete; with small_batches (two at once)
also between_commits and before_both_commits. It dies at the first batch that reaches the point.
Guards that can be taken away, for the tests of the tests: ack_first (acknowledges before it
applies), own_all (every partition is granted, whoever has it). Several are joined by `+`.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import payments.operations.writing
import streams.consumer
import streams.ownership
import streams.turns
from payments.entrypoints.consumer import create_consumer
from streams import partitions
from streams.entry import Entry
from streams.finishing import Step, acknowledge


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_instead(*_arguments: Any) -> None:
    die()


def arm(point: str) -> None:
    if point == "before_commit":
        write = payments.operations.writing.Writing.late

        async def write_then_die(*arguments: Any) -> None:
            await write(*arguments)
            die()

        payments.operations.writing.Writing.late = write_then_die  # type: ignore[method-assign, assignment]
    elif point == "after_commit":
        streams.consumer._Session._complete = die_instead  # type: ignore[method-assign, assignment]
    elif point == "between_ack_and_delete":
        complete = streams.consumer._Session._complete

        async def complete_then_die(session: Any, step: Step) -> None:
            await complete(session, step)
            die()

        streams.consumer.acknowledge = acknowledge_only  # type: ignore[attr-defined]
        streams.consumer._Session._complete = complete_then_die  # type: ignore[method-assign, assignment]


def arm_two(point: str) -> None:
    """Points at which two batches are under way; `small_batches` makes that sure."""
    to_commit = streams.turns.Turn.to_commit

    async def die_waiting(turn: Any) -> None:
        is_alone = turn._before is None or turn._before._fate.done()
        if is_alone or point == "between_commits":
            await to_commit(turn)
        if not is_alone:
            die()

    streams.turns.Turn.to_commit = die_waiting  # type: ignore[method-assign, assignment]


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
            acknowledge(pipeline, batch)
            await pipeline.execute()
            return await apply(session, batch)

        streams.consumer._Session._apply = acknowledge_then_apply  # type: ignore[method-assign, assignment]
    elif guard == "own_all":

        async def granted(_ownership: Any, _partition: int) -> bool:
            return True

        async def free(_ownership: Any) -> bool:
            return True

        async def everything(ownership: Any) -> tuple[int, int]:
            _, count = await beat(ownership)
            return 1, count

        beat = streams.ownership.Ownership.beat
        streams.ownership.Ownership._try = granted  # type: ignore[method-assign, assignment]
        streams.ownership.Ownership.is_any_free = free  # type: ignore[method-assign, assignment]
        streams.ownership.Ownership.beat = everything  # type: ignore[method-assign, assignment]


async def main() -> None:
    database_url, redis_url, points = sys.argv[1:]
    for point in points.split("+"):
        arm(point)
        disarm(point)
        if point in {"between_commits", "before_both_commits"}:
            arm_two(point)
    consumer = await create_consumer(database_url, redis_url, partitions=4)
    if "small_batches" in points:
        streams.consumer._OVERLAP_MIN_BYTES = 1  # type: ignore[misc]
        consumer.batch_max = 10
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.stop.set)
    await consumer.run()


if __name__ == "__main__":
    asyncio.run(main())
