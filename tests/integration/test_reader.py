"""What a reader hands over at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from streams import partitions
from streams.entry import Entry
from streams.inbox import Inbox
from streams.reader import Reader
from streams.server_client import create_server_client
from tests.fixtures.platform import eventually

PARTITION = 71
STREAM = partitions.intents(PARTITION)


class Noting(Inbox):
    """Notes how many entries came at a time."""

    def __init__(self) -> None:
        super().__init__(100)
        self.sizes: list[int] = []
        self.came = asyncio.Condition()

    async def put(self, entries: list[Entry]) -> None:
        """Note the size, and put them."""
        await super().put(entries)
        if entries:
            async with self.came:
                self.sizes.append(len(entries))
                self.came.notify_all()


@asynccontextmanager
async def reading(redis: Any, inbox: Inbox) -> AsyncIterator[None]:
    reader = Reader(redis, [PARTITION], inbox)
    reader.start()
    yield
    await reader.stop()


async def _append(redis: Any, count: int) -> None:
    """Together, when the reader is blocked."""

    async def is_blocked() -> bool:
        return bool((await redis.info("clients"))["blocked_clients"])

    await eventually(is_blocked)
    pipeline = redis.pipeline(transaction=False)
    for _ in range(count):
        pipeline.xadd(STREAM, {partitions.FIELD: b"x"})
    await pipeline.execute()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Any]:
    client = create_server_client(redis_url)
    yield client
    await client.delete(STREAM)
    await client.aclose()


async def test_the_rest_of_a_pipeline_comes_with_its_first_entry(redis: Any) -> None:
    """Redis wakes a blocked reader with the first one: it would be a batch of its own."""
    inbox = Noting()
    await inbox.put([Entry(0, f"{number}-0", b"x") for number in range(3)])
    assert len(await inbox.take(100, 0)) == 2  # what is taken next belongs to a crowd
    async with reading(redis, inbox):
        await _append(redis, 8)
        async with asyncio.timeout(5), inbox.came:
            await inbox.came.wait_for(lambda: sum(inbox.sizes) == 3 + 8)
    assert inbox.sizes == [3, 8]


async def test_after_a_single_entry_a_single_one_waits_for_nothing(redis: Any) -> None:
    inbox = Noting()
    async with reading(redis, inbox):
        await _append(redis, 8)
        taken: list[Entry] = []
        while len(taken) < 8:
            taken += await inbox.take(1, 5)
    assert inbox.sizes[0] == 1
    assert sum(inbox.sizes) == 8
