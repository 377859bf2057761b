"""Sweeping a stream takes what was acknowledged, and nothing that is pending or unread."""

from streams import partitions
from streams.trimming import trim
from tests.fixtures.platform import Platform

STREAM = "test:{trim}:intents"


async def test_pending_and_unread_entries_stay(platform: Platform) -> None:
    redis = platform.redis
    await partitions.ensure_group(redis, STREAM, partitions.GROUP)
    ids = [await redis.xadd(STREAM, {b"e": b"%d" % number}) for number in range(6)]

    async def left_after_trim() -> list[object]:
        await trim(redis, STREAM, partitions.GROUP)
        return [row[0] for row in await redis.xrange(STREAM) or ()]

    assert await left_after_trim() == ids  # nothing is read yet
    await redis.xreadgroup(partitions.GROUP, partitions.OWNER, {STREAM: ">"}, count=4)
    assert await left_after_trim() == ids  # nothing is acknowledged yet
    await redis.xack(STREAM, partitions.GROUP, ids[0], ids[2])
    assert await left_after_trim() == ids[1:]  # the second is pending, so the third stays with it
    await redis.xack(STREAM, partitions.GROUP, ids[1], ids[3])
    assert await left_after_trim() == ids[4:]  # these are unread
    await redis.delete(STREAM)
