"""Reads the partitions of one server: first everything pending, then new entries."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from streams import partitions
from streams.commands import Client
from streams.entry import Entry
from streams.inbox import Inbox
from streams.link import Link, connect_link, pack
from streams.options import BLOCK_MS, SOCKET_TIMEOUT_S
from streams.tasks import end
from streams.trimming import trim

READ_MAX: Final = 500
"""Entries of one partition in one read."""
READ_MIN: Final = 4
READ_MAX_BYTES: Final = 1_000_000
"""About as much of one partition in one read: the last read's entries tell how large they are."""
GATHER_S: Final = 0.001
RECLAIM_EVERY_S: Final = 5.0
RECLAIM_IDLE_MS: Final = 4000
_BACKOFF_MAX_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Reader:
    """One task; it occupies a connection of the pool while it blocks.

    All partitions of a server are read by one command: one command each cost the consumer 30 % of
    its time when requests wait for their outcome and batches are small.
    """

    def __init__(self, client: Client, owned: Sequence[int], inbox: Inbox) -> None:
        """`client` needs a free connection for each reader."""
        self._client = client
        self._partitions = {partitions.intents(p): p for p in owned}
        self._inbox = inbox
        self._count = READ_MAX
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start reading."""
        self._task = asyncio.create_task(self._run(), name="reader")

    async def stop(self) -> None:
        """Stop reading; entries delivered at this moment stay pending for the next owner."""
        await end(self._task)

    async def _run(self) -> None:
        backoff_s = 0.05
        while True:
            try:
                for stream in self._partitions:
                    await partitions.ensure_group(self._client, stream, partitions.GROUP)
                    await self._reclaim(stream, idle_ms=0)
                    await trim(self._client, stream, partitions.GROUP)
                backoff_s = 0.05
                await self._read_new()
            except (RedisError, OSError, TimeoutError) as error:
                # NOGROUP after a restore or flush is handled here too: the group is created again
                # at 0, and entries read twice find their stored outcome.
                owned = list(self._partitions.values())
                _log.warning("reader_retries", partitions=owned, error=repr(error)[:200])
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, _BACKOFF_MAX_S)

    async def _read_new(self) -> None:
        loop = asyncio.get_running_loop()
        reclaim_at = loop.time() + RECLAIM_EVERY_S
        link = await connect_link(await self._client.url_of(next(iter(self._partitions.values()))))
        try:
            while True:
                await self._read_once(link)
                if loop.time() >= reclaim_at:
                    for stream in self._partitions:
                        await self._reclaim(stream, idle_ms=RECLAIM_IDLE_MS)
                    reclaim_at = loop.time() + RECLAIM_EVERY_S
        finally:
            link.close()  # a reply may be under way: what it brings stays pending

    async def _read_once(self, link: Link) -> None:
        entries = await self._read(link, b"BLOCK", b"%d" % BLOCK_MS)
        if len(entries) == 1 and not self._inbox.is_alone:
            # Redis wakes a blocked reader with the first entry of a pipeline: the others are there.
            entries += await self._read(link)
        if entries:
            size = sum([len(entry.payload) for entry in entries])
            self._count = max(
                READ_MIN, min(READ_MAX, READ_MAX_BYTES * len(entries) // max(1, size))
            )
            await self._inbox.put(entries)
        # Under load a read per entry costs more than the entry itself, so entries are gathered
        # until a batch is about to end, and read together. A single entry never waits: the reader
        # is blocked in a read when it arrives.
        await self._inbox.asked(GATHER_S)

    async def _read(self, link: Link, *block: bytes) -> list[Entry]:
        """XREADGROUP for all partitions, as many entries as memory allows: a bulk is large."""
        streams = [name.encode() for name in self._partitions]
        command = pack(
            b"XREADGROUP", b"GROUP", partitions.GROUP.encode(), partitions.OWNER.encode(),
            b"COUNT", b"%d" % self._count, *block,
            b"STREAMS", *streams, *[b">" for _ in streams],
        )  # fmt: skip
        async with asyncio.timeout(SOCKET_TIMEOUT_S):
            reply = (await link.send(command, 1))[0]
        if isinstance(reply, RedisError):
            raise reply
        entries: list[Entry] = []
        for name, rows in reply or ():
            entries += _entries(self._partitions[name.decode()], rows)
        return entries

    async def _reclaim(self, stream: str, idle_ms: int) -> None:
        """Take over entries pending longer than `idle_ms`, our own too: lost replies leave them
        behind.
        """
        cursor = b"0-0"
        while True:
            reply = await self._client.execute_command(
                "XAUTOCLAIM",
                stream,
                partitions.GROUP,
                partitions.OWNER,
                idle_ms,
                cursor,
                "COUNT",
                READ_MAX,
            )
            # The reply has two parts on 6.2, three (with the ids of deleted entries) from 7.0 on.
            cursor, claimed = _bytes(reply[0]), reply[1]
            lost = any(entry is None or entry[0] is None for entry in claimed)
            await self._inbox.put(_entries(self._partitions[stream], claimed))
            if lost:
                await self._bury_tombstones(stream)
            if cursor == b"0-0":
                return

    async def _bury_tombstones(self, stream: str) -> None:
        """Redis 6.2 keeps the id of a deleted pending entry: acknowledge it and log an error."""
        pending = await self._client.xpending_range(stream, partitions.GROUP, "-", "+", 1000)
        for row in pending:
            stream_id = row["message_id"]
            if not await self._client.xrange(stream, stream_id, stream_id):
                _log.error(
                    "pending_entry_was_deleted",
                    partition=self._partitions[stream],
                    stream_id=stream_id.decode(),
                )
                await self._client.xack(stream, partitions.GROUP, stream_id)


def _entries(partition: int, rows: list[Any]) -> list[Entry]:
    entries = []
    for row in rows:
        if row is None or row[0] is None:
            continue
        fields = row[1]
        payload = fields.get(partitions.FIELD, b"") if isinstance(fields, dict) else _field(fields)
        entries.append(Entry(partition, _bytes(row[0]).decode(), payload))
    return entries


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _field(fields: list[bytes] | None) -> bytes:
    pairs = dict(zip(fields[::2], fields[1::2], strict=False)) if fields else {}
    return pairs.get(partitions.FIELD, b"")
