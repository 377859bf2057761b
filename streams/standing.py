"""What stands in the streams at a moment: the newest entry of each that is not empty."""

from collections.abc import Iterable
from typing import Any

from streams import partitions
from streams.commands import Client
from streams.rollback import Position


async def newest_entries(client: Client, listed: Iterable[int]) -> dict[int, Position]:
    """The id of the newest entry by partition, in one pipeline; an empty stream has none.

    Applied entries are deleted, so an empty stream says that all of it is applied. Raises when a
    server does not answer for one of its partitions.
    """
    asked = list(listed)
    pipeline: Any = client.pipeline(transaction=False)
    for partition in asked:
        pipeline.xrevrange(partitions.intents(partition), count=1)
    replies = await pipeline.execute()
    return {
        partition: position_of(rows[0][0])
        for partition, rows in zip(asked, replies, strict=True)
        if rows
    }


def position_of(stream_id: bytes) -> Position:
    """A stream's entry id as numbers that compare."""
    ms, _, seq = stream_id.partition(b"-")
    return int(ms), int(seq or 0)
