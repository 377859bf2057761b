"""`payments seed NAME`: demo data, each kind in a module of `seeds`."""

import asyncio
import importlib
from collections.abc import Callable

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.consumer import create_consumer
from payments.entrypoints.logging import configure_logging
from payments.entrypoints.settings import Settings
from payments.kernel.clock import utc_now
from payments.kernel.database import create_engine
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter

Say = Callable[[str], None]


def main(name: str, settings: Settings) -> None:
    """Bring demo data in; again changes nothing. What a person wants to know goes to stdout."""
    if settings.is_production:
        raise typer.BadParameter("demo data do not belong in production")
    configure_logging("warning", "seed")  # to stderr: stdout is for people
    module = importlib.import_module(f"payments.entrypoints.seeds.{name}")
    asyncio.run(_run(module.seed, settings))


async def _run(seed: Callable[..., object], settings: Settings) -> None:
    """Give the seed an engine, a submitter, a way to print; decide here if nobody else does."""
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    engine: AsyncEngine = create_engine(database_url, pool_size=2, application="payments-seed")
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    await door.start()
    await outcomes.start()
    # Partitions are shared evenly: beside other consumers it takes part, alone it does it all.
    consumer = await create_consumer(database_url, redis_url, partitions=settings.partitions)
    consuming = asyncio.create_task(consumer.run(), name="consumer")
    try:
        await seed(engine, Submitter(door, outcomes, utc_now), typer.echo)  # type: ignore[misc]
    finally:
        consumer.stop.set()
        await consuming
        await consumer.client.aclose()
        await outcomes.stop()
        await door.stop()
        await engine.dispose()
