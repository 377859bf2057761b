"""The request got through, its reply did not: what was asked for twice happens once."""

import asyncio
import signal

import pytest

from payments.kernel.clock import monotonic_s
from payments.operations import quick
from streams import partitions
from streams.client import create_client
from tests.faults.journal import Door, Journal, reckon
from tests.faults.stage import consumer, journal, two_wallets, value
from tests.faults.test_consumer_killed import nothing_left
from tests.faults.through import database_behind, redis_behind

pytestmark = pytest.mark.faults

TRANSFERS = "SELECT count(*) FROM operations WHERE kind = 'transfer.create'"


async def entries(redis_url: str) -> int:
    """Entries in the streams of intents."""
    client = create_client(redis_url)
    try:
        return sum((await partitions.backlog(client, range(4))).values())
    finally:
        await client.aclose()


async def test_xadd_reply_cut_leaves_two_entries_and_one_outcome(
    database: str, redis_url: str
) -> None:
    async with redis_behind(redis_url) as (proxy, through):
        async with consumer(database, redis_url), Door(database, redis_url) as door:
            wallets = await two_wallets(door)
        async with Door(database, through) as door:
            journal_ = Journal(door.submitter, wallets)
            for _ in range(5):
                proxy.cut_reply_after(b"XADD")
                await journal_.send(2)
        # After each cut nobody knows, and the client comes again under the same key. An entry that
        # was on its way through the same connection may have got through as well.
        assert (proxy.cuts, len(journal_.accepted)) == (5, 10)
        assert 15 <= await entries(redis_url) <= 10 + journal_.turned_away
        async with consumer(database, redis_url):
            await reckon(database, journal_, wallets)
            await nothing_left(redis_url)
    assert await value(database, TRANSFERS) == 10


async def test_xreadgroup_reply_cut_is_claimed_again(database: str, redis_url: str) -> None:
    async with (
        redis_behind(redis_url) as (proxy, through),
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(database, through),
    ):
        await journal_.send(5)
        await reckon(database, journal_, wallets)
        for round_ in range(1, 4):
            proxy.cut_reply_after(b"XREADGROUP")  # a read that blocks until there is something
            while proxy.cuts < round_:
                await journal_.send(5)
                await asyncio.sleep(0.05)
            await reckon(database, journal_, wallets, deadline_s=15)
        await nothing_left(redis_url)


@pytest.mark.parametrize(
    ("request_", "count"), [(b"COMMIT", 3 * quick.MAX), (b'"kind":"transfer.create"', 1)]
)
async def test_commit_reply_cut_is_a_replay(
    request_: bytes, count: int, database: str, redis_url: str
) -> None:
    """A transaction of many statements, and the one statement of a small batch."""
    async with (
        database_behind(database) as (proxy, through),
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(through, redis_url) as consumer_,
    ):
        await journal_.send(5)
        await reckon(database, journal_, wallets)
        for round_ in range(1, 4):
            proxy.cut_reply_after(request_)
            consumer_.signal(signal.SIGSTOP)  # else it takes them one by one
            await journal_.send(count)
            consumer_.signal(signal.SIGCONT)
            until = monotonic_s() + 10
            while proxy.cuts < round_:
                assert monotonic_s() < until, "nothing was committed"
                await asyncio.sleep(0.02)
            await reckon(database, journal_, wallets, deadline_s=15)
        await nothing_left(redis_url)
    assert await value(database, TRANSFERS) == len(journal_.accepted) == 5 + 3 * count


async def test_xack_reply_cut_acknowledges_once_more(database: str, redis_url: str) -> None:
    async with (
        redis_behind(redis_url) as (proxy, through),
        journal(database, redis_url) as (_, journal_, wallets),
        consumer(database, through),
    ):
        await journal_.send(5)
        await reckon(database, journal_, wallets)
        proxy.cut_reply_after(b"XACK")
        await journal_.send(20)
        await reckon(database, journal_, wallets, deadline_s=15)
        await nothing_left(redis_url)
        assert proxy.cuts == 1
