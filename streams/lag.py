"""Measures how far behind a stream is."""

from typing import Any

from redis.exceptions import ResponseError


async def oldest_age_s(client: Any, stream: str) -> float | None:
    """Seconds since the oldest entry was added, by Redis' clock; None for an empty stream."""
    pipeline = client.pipeline(transaction=False)
    pipeline.time()
    pipeline.xrange(stream, count=1)
    (seconds, microseconds), entries = await pipeline.execute()
    if not entries:
        return None
    added_ms: int = int(entries[0][0].split(b"-")[0])
    return max(0.0, float(seconds + microseconds / 1e6 - added_ms / 1000))


async def pending(client: Any, stream: str, group: str) -> int:
    """Entries delivered and not acknowledged; 0 without such a stream or group."""
    try:
        summary = await client.xpending(stream, group)
    except ResponseError:
        return 0
    return int(summary["pending"])
