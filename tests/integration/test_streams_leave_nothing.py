"""What a refusal or a crash must not leave behind in Redis."""

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from streams import partitions
from streams.client import create_client
from streams.effects import EffectWorker
from streams.entry import Entry
from streams.errors import StreamUnavailable
from streams.producer import Lane
from tests.fixtures.platform import eventually

USER, PASSWORD = "no-add", "of a test"


async def no_check() -> None:
    """Any Redis will do."""


async def test_a_refused_entry_leaves_no_marker(redis_url: str) -> None:
    """As when a full Redis refuses XADD and takes SET: here by a user who may not XADD."""
    client: Any = create_client(redis_url)
    await client.execute_command(
        "ACL", "SETUSER", USER, "on", f">{PASSWORD}", "~*", "+@all", "-xadd"
    )
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        pytest.fail("the servers of the tests listen on a socket")
    lane = Lane(f"unix://{USER}:of%20a%20test@{unquote(parts.path)}?db=0", no_check)
    await lane.start()
    try:
        with pytest.raises(StreamUnavailable):
            await lane.append(0, "an-operation", b"{}", b"marker")
        assert await client.get(partitions.marker(0, "an-operation")) is None
    finally:
        await lane.stop()
        await client.execute_command("ACL", "DELUSER", USER)
        await client.aclose()


async def test_an_effect_acknowledged_but_not_deleted_is_swept(redis_url: str) -> None:
    client: Any = create_client(redis_url)
    stream = partitions.effects(0)
    await partitions.ensure_group(client, stream, partitions.EFFECTS_GROUP)
    for _ in range(2):
        await client.execute_command("XADD", stream, "*", partitions.FIELD, b"{}")
    read: Any = await client.xreadgroup(partitions.EFFECTS_GROUP, "dead", {stream: ">"}, count=1)
    await client.xack(stream, partitions.EFFECTS_GROUP, read[0][1][0][0])
    handled: list[Entry] = []

    async def handle(entry: Entry) -> None:
        handled.append(entry)

    async def give_up(_entry: Entry, error: BaseException, _deliveries: int) -> None:
        raise error

    worker = EffectWorker(client, name="e", partition_count=1, handle=handle, give_up=give_up)
    running = asyncio.create_task(worker.run())

    async def is_empty() -> bool:
        length: int = await client.xlen(stream)
        return length == 0

    await eventually(is_empty)
    worker.stop.set()
    await running
    assert len(handled) == 1
    await client.aclose()
