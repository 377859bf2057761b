"""The newest entry of each stream that is not empty."""

from collections.abc import Iterable
from typing import Any

from streams import partitions
from streams.commands import Client
from streams.rollback import Position


async def newest_entries(client: Client, listed: Iterable[int]) -> dict[int, Position]:
    """The id of the newest entry by partition, in one pipeline; empty streams are left out.

    Applied entries are deleted, so everything in an empty stream is applied. Raises when a server
    does not answer for one of its partitions.
    """
    numbers = list(listed)
    pipeline: Any = client.pipeline(transaction=False)
    for partition in numbers:
        pipeline.xrevrange(partitions.intents(partition), count=1)
    replies = await pipeline.execute()
    return {
        partition: position_of(rows[0][0])
        for partition, rows in zip(numbers, replies, strict=True)
        if rows
    }


def position_of(stream_id: bytes) -> Position:
    """An entry id as a comparable tuple of numbers."""
    ms, _, seq = stream_id.partition(b"-")
    return int(ms), int(seq or 0)
