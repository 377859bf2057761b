"""A submitter for commands that wait for outcomes, whether or not a consumer runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.consumer import create_consumer, teller_of
from payments.entrypoints.memory import settle
from payments.entrypoints.settings import Settings
from payments.kernel.clock import utc_now
from payments.kernel.database import create_engine
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter


@asynccontextmanager
async def deciding(settings: Settings) -> AsyncGenerator[tuple[AsyncEngine, Submitter]]:
    """An engine and a submitter, with a consumer in this process while the block runs.

    Partitions are shared evenly: with other consumers it takes its share, alone it does everything.
    """
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    engine = create_engine(database_url, pool_size=2, application="payments-cli")
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    await door.start()
    await outcomes.start()
    consumer = await create_consumer(
        database_url, redis_url, partitions=settings.partitions, teller=teller_of(settings)
    )
    consuming = asyncio.create_task(consumer.run(), name="consumer")
    settle()  # a large import makes many objects
    try:
        yield engine, Submitter(door, outcomes, utc_now)
    finally:
        consumer.stop.set()
        await consuming
        await consumer.client.aclose()
        await outcomes.stop()
        await door.stop()
        await engine.dispose()
