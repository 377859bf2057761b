"""Sweeping and measuring a stream, one command after another (fakeredis: nothing is durable)."""

from typing import cast

import fakeredis
import pytest

from streams.commands import Client
from streams.lag import oldest_age_s, pending
from streams.partitions import GROUP, OWNER, ensure_group, intents
from streams.trimming import trim

STREAM = intents(0)


@pytest.fixture
def redis() -> Client:
    return cast("Client", fakeredis.FakeAsyncRedis())


async def add(redis: Client, count: int) -> list[bytes]:
    """Entries with the ids `1-0`, `2-0` and so on."""
    return [
        await redis.execute_command("XADD", STREAM, f"{n}-0", "e", b"x")
        for n in range(1, count + 1)
    ]


async def read(redis: Client, count: int) -> None:
    await redis.xreadgroup(GROUP, OWNER, {STREAM: ">"}, count=count)


async def left(redis: Client) -> list[bytes]:
    return [entry_id for entry_id, _ in await redis.xrange(STREAM)]


async def test_what_is_pending_or_unread_is_never_trimmed(redis: Client) -> None:
    await ensure_group(redis, STREAM, GROUP)
    ids = await add(redis, 4)
    await read(redis, 3)
    await redis.xack(STREAM, GROUP, ids[0], ids[2])
    await trim(redis, STREAM, GROUP)
    assert await left(redis) == ids[1:]


async def test_what_is_acknowledged_and_left_over_is_trimmed(redis: Client) -> None:
    await ensure_group(redis, STREAM, GROUP)
    ids = await add(redis, 4)
    await read(redis, 3)
    await redis.xack(STREAM, GROUP, *ids[:3])
    await trim(redis, STREAM, GROUP)
    assert await left(redis) == ids[3:]


async def test_without_a_group_nothing_was_delivered_and_nothing_is_trimmed(redis: Client) -> None:
    ids = await add(redis, 2)
    await trim(redis, STREAM, GROUP)
    assert await left(redis) == ids


async def test_a_group_begins_with_the_first_entry_and_is_made_once(redis: Client) -> None:
    ids = await add(redis, 1)
    await ensure_group(redis, STREAM, GROUP)
    await ensure_group(redis, STREAM, GROUP)
    await read(redis, 1)
    assert await pending(redis, STREAM, GROUP) == len(ids)


async def test_nothing_is_pending_where_there_is_no_stream(redis: Client) -> None:
    assert await pending(redis, STREAM, GROUP) == 0


async def test_the_age_of_a_stream_is_that_of_its_oldest_entry(redis: Client) -> None:
    assert await oldest_age_s(redis, STREAM) is None
    await redis.execute_command("XADD", STREAM, "*", "e", b"x")
    age_s = await oldest_age_s(redis, STREAM)
    assert age_s is not None
    assert 0 <= age_s < 60
