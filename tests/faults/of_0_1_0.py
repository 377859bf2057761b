"""A process of release 0.1.0. Run with its code first on the path, by `tests.faults.previous`.

    python of_0_1_0.py migrate|consume|submit <database url> <redis url>

`submit` moves money between wallets 1 and 2 until SIGTERM, and prints the id of each operation that
it was told is accepted.
"""

import asyncio
import itertools
import signal
import sys

from payments.entrypoints.consumer import create_consumer
from payments.kernel.clock import utc_now
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter, keyed
from payments.transfers import create
from payments.transfers.create import CreateTransfer

from migrations.run import migrate_async  # isort: skip - of that release too

PARTITIONS = 4


def stopped() -> asyncio.Event:
    event = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, event.set)
    return event


async def consume(database_url: str, redis_url: str) -> None:
    consumer = await create_consumer(
        database_url, redis_url, partitions=PARTITIONS, name="of-0.1.0"
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, consumer.stop.set)
    await consumer.run()


async def submit(database_url: str, redis_url: str) -> None:
    stop = stopped()
    door = RedisDoor(redis_url, database_url, partition_count=PARTITIONS)
    outcomes = OutcomeReader(redis_url, database_url)
    await door.start()
    await outcomes.start()
    submitter = Submitter(door, outcomes, utc_now)
    for number in itertools.count():
        if stop.is_set():
            break
        source = 1 + number % 2
        intent = CreateTransfer(
            source_wallet_id=source, destination_wallet_id=3 - source, minor=1, currency="RUB"
        )
        request = keyed(create.OPERATION, intent, actor="of-0.1.0", key=f"old-{number}")
        ticket = await submitter(request, number % 3)  # some wait for their outcome
        sys.stdout.write(f"accepted {ticket.operation_id}\n")
        sys.stdout.flush()
    await outcomes.stop()
    await door.stop()


async def main(what: str, database_url: str, redis_url: str) -> None:
    if what == "migrate":
        await migrate_async(database_url)
    elif what == "consume":
        await consume(database_url, redis_url)
    else:
        await submit(database_url, redis_url)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
