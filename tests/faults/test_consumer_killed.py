"""A consumer dies by SIGKILL at every point that matters, and others take over."""

import asyncio
import signal

import pytest

from payments.kernel.clock import monotonic_s
from streams import partitions
from streams.client import create_client
from tests.faults.journal import reckon
from tests.faults.stage import consumer, journal

pytestmark = pytest.mark.faults


@pytest.mark.parametrize(
    ("point", "count"),
    [
        ("before_commit", 50),
        ("after_commit", 50),
        ("after_commit", 1),
        ("between_ack_and_delete", 50),
        ("between_ack_and_delete", 1),
    ],
)
async def test_killed_at(point: str, count: int, database: str, redis_url: str) -> None:
    """One entry alone is written by one statement, 50 by a transaction of many."""
    async with journal(database, redis_url) as (_, journal_, wallets):
        await journal_.send(count)
        async with consumer(database, redis_url, point) as doomed:
            assert await doomed.ended() == -signal.SIGKILL
        await journal_.send(20)
        async with consumer(database, redis_url):
            await reckon(database, journal_, wallets)
            await nothing_left(redis_url)


async def nothing_left(redis_url: str) -> None:
    """The streams end empty: what was acknowledged but not deleted is swept too."""
    client = create_client(redis_url)
    until = monotonic_s() + 15
    while sum((await partitions.backlog(client, range(4))).values()):
        assert monotonic_s() < until, "entries stay in the streams"
        await asyncio.sleep(0.1)
    await client.aclose()


async def test_a_dead_consumers_partitions_are_taken_within_ten_seconds(
    database: str, redis_url: str
) -> None:
    async with (
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(database, redis_url) as first,
        consumer(database, redis_url),
    ):
        await journal_.send(200)
        await reckon(database, journal_, wallets)
        first.kill()
        await journal_.send(50)
        await reckon(database, journal_, wallets, deadline_s=10)


async def test_a_paused_consumer_is_cut_off_and_cannot_write_when_it_wakes(
    database: str, redis_url: str
) -> None:
    async with (
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(database, redis_url) as paused,
    ):
        await journal_.send(50)
        await reckon(database, journal_, wallets)
        paused.signal(signal.SIGSTOP)
        await journal_.send(50)
        async with consumer(database, redis_url):
            await reckon(database, journal_, wallets, deadline_s=20)
            paused.signal(signal.SIGCONT)
            await journal_.send(50)
            await reckon(database, journal_, wallets)


async def test_killed_again_and_again_under_load(database: str, redis_url: str) -> None:
    async with journal(database, redis_url) as (_, journal_, wallets):
        async with journal_.load():
            for _ in range(4):
                async with consumer(database, redis_url):
                    await asyncio.sleep(1.2)  # the fault itself: how long this one may live
        async with consumer(database, redis_url):
            await reckon(database, journal_, wallets)
        assert len(journal_.accepted) > 100
