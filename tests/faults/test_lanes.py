"""A consumer with two batches under way: killed between their commits, a session or both lost."""

import asyncio
import signal

import pytest

from payments.kernel.database import connect
from streams.ownership import LOCK_CLASS
from tests.faults.guards import drained
from tests.faults.journal import reckon
from tests.faults.stage import consumer, journal

pytestmark = pytest.mark.faults

OVERLAPPING = "small_batches"
"""Batches of ten, the next beside each."""


@pytest.mark.parametrize("point", ["between_commits", "before_both_commits"])
async def test_killed_with_two_batches_under_way(point: str, database: str, redis_url: str) -> None:
    async with journal(database, redis_url) as (_, journal_, wallets):
        await journal_.send(60)
        async with consumer(database, redis_url, f"{OVERLAPPING}+{point}") as doomed:
            assert await doomed.ended() == -signal.SIGKILL
        await journal_.send(20)
        async with consumer(database, redis_url, OVERLAPPING):
            await reckon(database, journal_, wallets)
            await drained(redis_url)


@pytest.mark.parametrize("lanes", [[0], [1], [0, 1]])
async def test_sessions_lost_under_load(lanes: list[int], database: str, redis_url: str) -> None:
    """One is enough to end all: what the other has under way rests on it."""
    async with (
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(database, redis_url, OVERLAPPING),
    ):
        sending = [asyncio.create_task(journal_.send(100)) for _ in range(8)]
        for _ in range(3):
            await asyncio.gather(*(killed(database, lane) for lane in lanes))
        await asyncio.gather(*sending)
        await reckon(database, journal_, wallets)
    assert len(journal_.accepted) == 800


async def test_a_take_over_waits_for_every_session(database: str, redis_url: str) -> None:
    """The first lane's lock is free while the second may still commit: nobody takes over."""
    async with journal(database, redis_url) as (_, journal_, wallets):
        connection = await connect(database)
        await connection.execute("SELECT pg_advisory_lock($1, 2)", LOCK_CLASS + 10)
        async with consumer(database, redis_url, OVERLAPPING):
            await owned(database, 0, 3)
            await journal_.send(20)
            held = "SELECT count(*) FROM pg_locks WHERE classid = $1 AND objid = 2"
            assert await connection.fetchval(held, LOCK_CLASS) == 0
            await connection.close()
            await reckon(database, journal_, wallets)
            await owned(database, 0, 4)
            await owned(database, 1, 4)


async def owned(database: str, lane: int, count: int) -> list[int]:
    """Wait until so many partitions are locked on a lane; the backends that hold them."""
    connection = await connect(database)
    try:
        async with asyncio.timeout(20):
            while True:
                rows = await connection.fetch(
                    "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 "
                    "AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())",
                    LOCK_CLASS + lane * 10,
                )
                if len(rows) == count:
                    return [row["pid"] for row in rows]
                await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def killed(database: str, lane: int) -> None:
    """End the backend of a lane, once it owns everything."""
    pid = (await owned(database, lane, 4))[0]
    connection = await connect(database)
    await connection.execute("SELECT pg_terminate_backend($1)", pid)
    await connection.close()
