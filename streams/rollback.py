"""Noticing that Redis went back in time: its streams end before what PostgreSQL has applied."""

from collections.abc import Mapping
from typing import Any

from redis.exceptions import ResponseError

from streams import partitions
from streams.commands import Client

Position = tuple[int, int]


async def partitions_behind(
    client: Client, applied: Mapping[int, Position]
) -> dict[int, tuple[Position, Position]]:
    """Partitions whose stream ends before `applied`: (where Redis ends, where PostgreSQL is)."""
    behind = {}
    for partition, position in applied.items():
        if position == (0, 0):
            continue
        ends = await last_position(client, partition)
        if ends < position:
            behind[partition] = (ends, position)
    return behind


async def last_position(client: Client, partition: int) -> Position:
    """The newest id the stream ever gave, (0, 0) when there is no stream."""
    try:
        info = await client.execute_command("XINFO", "STREAM", partitions.intents(partition))
    except ResponseError as error:
        if "no such key" in str(error):
            return 0, 0
        raise
    fields = info if isinstance(info, dict) else dict(zip(info[::2], info[1::2], strict=True))
    value = fields.get("last-generated-id", fields.get(b"last-generated-id"))
    text = value.decode() if isinstance(value, bytes) else str(value)
    ms, _, seq = text.partition("-")
    return int(ms), int(seq or 0)


async def catch_up(client: Any, partition: int, applied: Position) -> None:
    """After a rollback: new ids come after what PostgreSQL has applied."""
    stream = partitions.intents(partition)
    await partitions.ensure_group(client, stream, partitions.GROUP)
    if await last_position(client, partition) < applied:  # XSETID would as well set it back
        await client.execute_command("XSETID", stream, f"{applied[0]}-{applied[1]}")
