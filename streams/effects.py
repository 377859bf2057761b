"""Reading effects: executors share each stream, in no order; what is done is acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from redis.exceptions import RedisError

from streams import partitions
from streams.commands import Client
from streams.entry import Entry
from streams.options import BLOCK_MS
from streams.tasks import end
from streams.trimming import trim

HANDLER_TIMEOUT_S: Final = 45.0
"""The longest a handler may take; a reclaim waits longer, so nothing is handled twice at once."""
RECLAIM_IDLE_MS: Final = 60_000
RECLAIM_EVERY_S: Final = 10.0
DELIVERIES_MAX: Final = 10
_RETRY_AFTER_S: Final = (0.2, 1.0, 4.0)
_READ_MAX: Final = 32
_BACKOFF_S: Final = 0.5

Handle = Callable[[Entry], Awaitable[None]]
GiveUp = Callable[[Entry, BaseException, int], Awaitable[None]]

_log = structlog.get_logger(__name__)


class EffectWorker:
    """Handles effects of every partition, at most `concurrency_max` at a time."""

    def __init__(
        self,
        client: Client,
        *,
        name: str,
        partition_count: int,
        handle: Handle,
        give_up: GiveUp,
        concurrency_max: int = 32,
        reclaim_idle_ms: int = RECLAIM_IDLE_MS,
    ) -> None:
        """`handle` must be idempotent: it is tried again; after ten deliveries comes `give_up`."""
        self._client = client
        self._name = name
        self._count = partition_count
        self._handle = handle
        self._give_up = give_up
        self._slots = asyncio.Semaphore(concurrency_max)
        self._reclaim_idle_ms = reclaim_idle_ms
        self._running: dict[tuple[int, str], asyncio.Task[None]] = {}
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Read until stopped, then finish what is running."""
        readers = [
            asyncio.create_task(self._read(p), name=f"effects-{p}") for p in range(self._count)
        ]
        await self.stop.wait()
        await end(*readers)
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=HANDLER_TIMEOUT_S)

    async def _read(self, partition: int) -> None:
        stream = partitions.effects(partition)
        loop = asyncio.get_running_loop()
        reclaim_at = 0.0
        while True:
            try:
                if loop.time() >= reclaim_at:
                    await partitions.ensure_group(self._client, stream, partitions.EFFECTS_GROUP)
                    await self._reclaim(partition, first=reclaim_at == 0.0)
                    await trim(self._client, stream, partitions.EFFECTS_GROUP)
                    reclaim_at = loop.time() + RECLAIM_EVERY_S
                reply = await self._client.xreadgroup(
                    partitions.EFFECTS_GROUP,
                    self._name,
                    {stream: ">"},
                    count=_READ_MAX,
                    block=BLOCK_MS,
                )
                for _, rows in reply or ():
                    for stream_id, fields in rows:
                        await self._begin(
                            Entry(partition, stream_id.decode(), fields.get(partitions.FIELD, b"")),
                            1,
                        )
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("effects_retry", partition=partition, error=repr(error)[:200])
                reclaim_at = min(reclaim_at, loop.time())
                await asyncio.sleep(_BACKOFF_S)

    async def _reclaim(self, partition: int, *, first: bool) -> None:
        """Ours at once after a restart (the name is stable), others' when silent for too long."""
        stream = partitions.effects(partition)
        pending = await self._client.xpending_range(stream, partitions.EFFECTS_GROUP, "-", "+", 100)
        for row in pending:
            stream_id = row["message_id"].decode()
            is_ours_from_before = first and row["consumer"].decode() == self._name
            if (partition, stream_id) in self._running:
                continue
            if not is_ours_from_before and row["time_since_delivered"] < self._reclaim_idle_ms:
                continue
            idle_ms = 0 if is_ours_from_before else self._reclaim_idle_ms
            claimed = await self._client.xclaim(
                stream, partitions.EFFECTS_GROUP, self._name, idle_ms, [stream_id]
            )
            for claimed_id, fields in claimed:
                if claimed_id is not None:
                    entry = Entry(partition, claimed_id.decode(), fields.get(partitions.FIELD, b""))
                    await self._begin(entry, row["times_delivered"] + 1)

    async def _begin(self, entry: Entry, deliveries: int) -> None:
        await self._slots.acquire()
        key = (entry.partition, entry.stream_id)
        task = asyncio.create_task(
            self._run_one(entry, deliveries), name=f"effect-{entry.stream_id}"
        )
        self._running[key] = task
        task.add_done_callback(lambda _: self._end(key))

    def _end(self, key: tuple[int, str]) -> None:
        self._running.pop(key, None)
        self._slots.release()

    async def _run_one(self, entry: Entry, deliveries: int) -> None:
        error = await self._attempts(entry)
        if error is not None and deliveries < DELIVERIES_MAX:
            return  # stays pending: claimed again when it has been idle long enough
        try:
            if error is not None:
                await self._give_up(entry, error, deliveries)
            stream = partitions.effects(entry.partition)
            await self._client.xack(stream, partitions.EFFECTS_GROUP, entry.stream_id)
            await self._client.xdel(stream, entry.stream_id)
        except Exception as failure:  # noqa: BLE001 - it stays pending and comes again
            _log.warning(
                "effect_not_acknowledged", stream_id=entry.stream_id, error=repr(failure)[:200]
            )

    async def _attempts(self, entry: Entry) -> BaseException | None:
        error: BaseException | None = None
        for wait_s in (0.0, *_RETRY_AFTER_S):
            await asyncio.sleep(wait_s)
            try:
                async with asyncio.timeout(HANDLER_TIMEOUT_S):
                    await self._handle(entry)
            except Exception as failure:  # noqa: BLE001 - any failure of a handler is tried again
                error = failure
                _log.warning("effect_failed", stream_id=entry.stream_id, error=repr(failure)[:300])
            else:
                return None
        return error
