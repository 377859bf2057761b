"""Reads effects: executors share each stream without order and acknowledge what is done.

Effects of one kind and destination share a lane, which runs a few at a time. Effects that a full or
halted lane cannot take stay pending in Redis, only their ids are kept here, so no lane delays
another.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

import structlog

from streams import partitions
from streams.commands import Client
from streams.entry import Entry
from streams.errors import FAILURES
from streams.options import BLOCK_MS
from streams.tasks import end
from streams.trimming import trim

HANDLER_TIMEOUT_S: Final = 45.0
"""Longest run of a handler. A reclaim waits longer, so nothing is handled twice at once."""
RECLAIM_IDLE_MS: Final = 60_000
RECLAIM_EVERY_S: Final = 10.0
DELIVERIES_MAX: Final = 10
_RETRY_AFTER_S: Final = (0.2, 1.0, 4.0)
_READ_MAX: Final = 32
_BACKOFF_S: Final = 0.5
_REFILL_EVERY_S: Final = 0.5
LANE_MAX: Final = 32
"""How many effects of one lane run at a time."""
WAITING_MAX: Final = 200_000
"""How many ids are kept in memory; beyond that nothing new is read."""
_PENDING_PAGE: Final = 100
_PENDING_PAGES: Final = 20

Handle = Callable[[Entry], Awaitable[None]]
GiveUp = Callable[[Entry, BaseException, int], Awaitable[None]]
LaneOf = Callable[[Entry], str]
MayRun = Callable[[str], bool]
Key = tuple[int, str]

_log = structlog.get_logger(__name__)


class Lane:
    """The number of running effects and the ids of waiting ones."""

    def __init__(self) -> None:
        self.running = 0
        self.waiting: deque[Key] = deque()


def _one_lane(_entry: Entry) -> str:
    return ""


def _always(_lane: str) -> bool:
    return True


class EffectWorker:
    """Handles effects of every partition, at most `lane_max` of a lane at a time."""

    def __init__(
        self,
        client: Client,
        *,
        name: str,
        partition_count: int,
        handle: Handle,
        give_up: GiveUp,
        lane_of: LaneOf = _one_lane,
        may_run: MayRun = _always,
        lane_max: int = LANE_MAX,
        reclaim_idle_ms: int = RECLAIM_IDLE_MS,
    ) -> None:
        """`handle` must be idempotent: it is retried. After ten deliveries `give_up` is called.

        `lane_of` names the kind and destination of an effect; `may_run` is False while a lane is
        halted.
        """
        self._client = client
        self._name = name
        self._count = partition_count
        self._handle = handle
        self._give_up = give_up
        self._lane_of = lane_of
        self._may_run = may_run
        self._lane_max = lane_max
        self._reclaim_idle_ms = reclaim_idle_ms
        self._lanes: dict[str, Lane] = {}
        self._running: dict[Key, asyncio.Task[None]] = {}
        self._waiting: set[Key] = set()
        self._cursors: dict[int, str] = {}
        self.stop = asyncio.Event()

    async def run(self) -> None:
        """Read until stopped, then finish the running effects."""
        tasks = [
            asyncio.create_task(self._read(p), name=f"effects-{p}") for p in range(self._count)
        ]
        tasks.append(asyncio.create_task(self._refill(), name="effects-lanes"))
        await self.stop.wait()
        await end(*tasks)
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
                if len(self._waiting) >= WAITING_MAX:
                    _log.error("effects_not_read", count=len(self._waiting))
                    await asyncio.sleep(_REFILL_EVERY_S)
                    continue
                for stream_id, payload in await self._new(stream):
                    self._begin(Entry(partition, stream_id, payload), 1)
            except Exception as error:  # noqa: BLE001 - without its reader the partition would stand still
                _log.warning("effects_retry", partition=partition, error=repr(error)[:200])
                reclaim_at = min(reclaim_at, loop.time())
                await asyncio.sleep(_BACKOFF_S)

    async def _new(self, stream: str) -> list[tuple[str, bytes]]:
        reply = await self._client.xreadgroup(
            partitions.EFFECTS_GROUP, self._name, {stream: ">"}, count=_READ_MAX, block=BLOCK_MS
        )
        return [
            (stream_id.decode(), fields.get(partitions.FIELD, b""))
            for _, rows in reply or ()
            for stream_id, fields in rows
        ]

    async def _reclaim(self, partition: int, *, first: bool) -> None:
        """Take over pending entries: our own right after a restart (the name is stable), others'
        when idle.

        A long list is read page by page; the next call continues where this one ended.
        """
        stream = partitions.effects(partition)
        for _ in range(_PENDING_PAGES):
            start = self._cursors.get(partition, "-")
            page = await self._client.xpending_range(
                stream, partitions.EFFECTS_GROUP, start, "+", _PENDING_PAGE
            )
            for row in page:
                await self._claim(partition, row, first=first)
            if len(page) < _PENDING_PAGE:
                self._cursors.pop(partition, None)
                return
            self._cursors[partition] = f"({page[-1]['message_id'].decode()}"

    async def _claim(self, partition: int, row: Any, *, first: bool) -> None:
        """Take over a pending entry when it is due and its lane has room."""
        stream_id = row["message_id"].decode()
        key = (partition, stream_id)
        if key in self._running or key in self._waiting:
            return
        is_ours = row["consumer"].decode() == self._name
        if not (first and is_ours) and row["time_since_delivered"] < self._reclaim_idle_ms:
            return
        payload = await self._payload(key)
        if payload is None:
            return
        entry = Entry(partition, stream_id, payload)
        if not self._has_room(self._lane_of(entry)):
            if is_ours:
                self._wait(self._lane_of(entry), key)
            return  # another executor keeps its entry until there is room
        stream = partitions.effects(partition)
        idle_ms = 0 if is_ours else self._reclaim_idle_ms
        claimed = await self._client.xclaim(
            stream, partitions.EFFECTS_GROUP, self._name, idle_ms, [stream_id]
        )
        if claimed and claimed[0][0] is not None:
            self._begin(entry, row["times_delivered"] + 1)

    async def _payload(self, key: Key) -> bytes | None:
        rows = await self._client.xrange(partitions.effects(key[0]), key[1], key[1])
        return rows[0][1].get(partitions.FIELD, b"") if rows else None

    def _has_room(self, name: str) -> bool:
        lane = self._lanes.setdefault(name, Lane())
        return lane.running < self._lane_max and self._may_run(name)

    def _wait(self, name: str, key: Key) -> None:
        self._lanes.setdefault(name, Lane()).waiting.append(key)
        self._waiting.add(key)

    def _begin(self, entry: Entry, deliveries: int) -> None:
        """Run the effect, or queue it when its lane is full."""
        name, key = self._lane_of(entry), (entry.partition, entry.stream_id)
        if self._has_room(name):
            self._start(name, key, self._run_one(entry, deliveries))
        else:
            self._wait(name, key)

    def _start(self, name: str, key: Key, work: Coroutine[Any, Any, None]) -> None:
        self._lanes[name].running += 1
        task = asyncio.create_task(work, name=f"effect-{key[1]}")
        self._running[key] = task
        task.add_done_callback(lambda _: self._end(name, key))

    def _end(self, name: str, key: Key) -> None:
        self._running.pop(key, None)
        self._lanes[name].running -= 1
        self._fill(name)

    async def _refill(self) -> None:
        """Continue lanes that were halted."""
        while True:
            await asyncio.sleep(_REFILL_EVERY_S)
            for name in list(self._lanes):
                self._fill(name)
                if not self._lanes[name].running and not self._lanes[name].waiting:
                    del self._lanes[name]

    def _fill(self, name: str) -> None:
        lane = self._lanes[name]
        while lane.waiting and self._has_room(name) and not self.stop.is_set():
            key = lane.waiting.popleft()
            self._waiting.discard(key)
            self._start(name, key, self._resume(key))

    async def _resume(self, key: Key) -> None:
        """Run an effect that waited, unless another executor has taken it over."""
        try:
            rows = await self._client.xpending_range(
                partitions.effects(key[0]), partitions.EFFECTS_GROUP, key[1], key[1], 1
            )
            payload = await self._payload(key)
        except FAILURES as error:  # it stays pending and is reclaimed once idle for long enough
            _log.warning("effect_not_resumed", stream_id=key[1], error=repr(error)[:200])
            return
        if rows and payload is not None and rows[0]["consumer"].decode() == self._name:
            await self._run_one(Entry(key[0], key[1], payload), rows[0]["times_delivered"])

    async def _run_one(self, entry: Entry, deliveries: int) -> None:
        error = await self._attempts(entry)
        if error is not None and deliveries < DELIVERIES_MAX:
            return  # it stays pending and is reclaimed once idle for long enough
        try:
            if error is not None:
                await self._give_up(entry, error, deliveries)
            stream = partitions.effects(entry.partition)
            await self._client.xack(stream, partitions.EFFECTS_GROUP, entry.stream_id)
            await self._client.xdel(stream, entry.stream_id)
        except Exception as failure:  # noqa: BLE001 - it stays pending and is delivered again
            _log.warning(
                "effect_not_acknowledged", stream_id=entry.stream_id, error=repr(failure)[:200]
            )

    async def _attempts(self, entry: Entry) -> BaseException | None:
        error: BaseException | None = None
        for wait_s in (0.0, *_RETRY_AFTER_S):
            await asyncio.sleep(wait_s)
            try:
                if error is not None:
                    await self._keep(entry)
                async with asyncio.timeout(HANDLER_TIMEOUT_S):
                    await self._handle(entry)
            except Exception as failure:  # noqa: BLE001 - any failure of a handler is retried
                error = failure
                _log.warning("effect_failed", stream_id=entry.stream_id, error=repr(failure)[:300])
            else:
                return None
        return error

    async def _keep(self, entry: Entry) -> None:
        """Reset the idle time: another executor must not take over what is being retried here."""
        await self._client.xclaim(
            partitions.effects(entry.partition),
            partitions.EFFECTS_GROUP,
            self._name,
            0,
            [entry.stream_id],
            justid=True,
        )
