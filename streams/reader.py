"""Reading one partition: first all that is pending, then what is new."""

import asyncio
from typing import Any, Final

import structlog
from redis.exceptions import RedisError

from streams import partitions
from streams.commands import Client
from streams.entry import Entry
from streams.inbox import Inbox
from streams.options import BLOCK_MS
from streams.tasks import end
from streams.trimming import trim

READ_MAX: Final = 500
GATHER_S: Final = 0.002
RECLAIM_EVERY_S: Final = 5.0
RECLAIM_IDLE_MS: Final = 4000
_BACKOFF_MAX_S: Final = 2.0

_log = structlog.get_logger(__name__)


class Reader:
    """One task for one owned partition, with a connection of the pool while it blocks."""

    def __init__(self, client: Client, partition: int, inbox: Inbox) -> None:
        """`client` must have a connection to spare for each reader."""
        self._client = client
        self._partition = partition
        self._stream = partitions.intents(partition)
        self._inbox = inbox
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read."""
        self._task = asyncio.create_task(self._run(), name=f"reader-{self._partition}")

    async def stop(self) -> None:
        """Stop reading; what is delivered in this instant stays pending for the next owner."""
        await end(self._task)

    async def _run(self) -> None:
        backoff_s = 0.05
        while True:
            try:
                await partitions.ensure_group(self._client, self._stream, partitions.GROUP)
                await self.reclaim(idle_ms=0)
                await self.trim()
                backoff_s = 0.05
                await self._read_new()
            except (RedisError, OSError, TimeoutError) as error:
                # NOGROUP after a restore or a flush comes here too: the group is made again at 0,
                # and what is read twice finds its stored outcome.
                _log.warning("reader_retries", partition=self._partition, error=repr(error)[:200])
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, _BACKOFF_MAX_S)

    async def _read_new(self) -> None:
        loop = asyncio.get_running_loop()
        reclaim_at = loop.time() + RECLAIM_EVERY_S
        while True:
            reply = await self._client.execute_command(
                "XREADGROUP", "GROUP", partitions.GROUP, partitions.OWNER,
                "COUNT", READ_MAX, "BLOCK", BLOCK_MS, "STREAMS", self._stream, ">",
            )  # fmt: skip
            for entries in _streams(reply):
                await self._inbox.put(self._entries(entries))
            # Under load entries come one by one and a read costs more than what it brings; what
            # comes meanwhile is read together. A lonely entry never waits: it finds the reader
            # blocked.
            await asyncio.sleep(GATHER_S)
            if loop.time() >= reclaim_at:
                await self.reclaim(idle_ms=RECLAIM_IDLE_MS)
                reclaim_at = loop.time() + RECLAIM_EVERY_S

    async def reclaim(self, idle_ms: int) -> None:
        """Take over what is pending longer than `idle_ms`, ours too: lost replies strand them."""
        cursor = b"0-0"
        while True:
            reply = await self._client.execute_command(
                "XAUTOCLAIM",
                self._stream,
                partitions.GROUP,
                partitions.OWNER,
                idle_ms,
                cursor,
                "COUNT",
                READ_MAX,
            )
            # Two parts on 6.2, three (with the ids of deleted entries) from 7.0.
            cursor, claimed = _bytes(reply[0]), reply[1]
            lost = any(entry is None or entry[0] is None for entry in claimed)
            await self._inbox.put(self._entries(claimed))
            if lost:
                await self._bury_tombstones()
            if cursor == b"0-0":
                return

    async def _bury_tombstones(self) -> None:
        """6.2 keeps the id of a deleted pending entry: acknowledge it, loudly."""
        pending = await self._client.xpending_range(self._stream, partitions.GROUP, "-", "+", 1000)
        for row in pending:
            stream_id = row["message_id"]
            if not await self._client.xrange(self._stream, stream_id, stream_id):
                _log.error(
                    "pending_entry_was_deleted",
                    partition=self._partition,
                    stream_id=stream_id.decode(),
                )
                await self._client.xack(self._stream, partitions.GROUP, stream_id)

    async def trim(self) -> None:
        """Delete what was acknowledged but not deleted (a crash), nothing pending or unread."""
        await trim(self._client, self._stream, partitions.GROUP)

    def _entries(self, rows: list[Any]) -> list[Entry]:
        entries = []
        for row in rows:
            if row is None or row[0] is None:
                continue
            fields = row[1]
            payload = (
                fields.get(partitions.FIELD, b"") if isinstance(fields, dict) else _field(fields)
            )
            entries.append(Entry(self._partition, _bytes(row[0]).decode(), payload))
        return entries


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _field(fields: list[bytes] | None) -> bytes:
    pairs = dict(zip(fields[::2], fields[1::2], strict=False)) if fields else {}
    return pairs.get(partitions.FIELD, b"")


def _streams(reply: Any) -> list[list[Any]]:
    """The entries of each stream of an XREADGROUP reply, in the shapes that redis-py gives it."""
    if not reply:
        return []
    if isinstance(reply, dict):
        return [entries for value in reply.values() for entries in value]
    return [stream[1] for stream in reply]
