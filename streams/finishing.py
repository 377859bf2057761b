"""After the commit: steps run in order, in one queue per server, and are retried until it accepts
them.

An unreachable server delays only its own steps.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import structlog
from redis.exceptions import RedisError

from streams import partitions
from streams.entry import Entry
from streams.tasks import end

_BACKOFF_MIN_S: Final = 0.05
_BACKOFF_MAX_S: Final = 2.0
_ALONE_MAX: Final = 2
"""How many batches may be unfinished with a single server: a full Redis slows the consumer down."""
_OF_MANY_MAX: Final = 64
"""The same for one server of a cluster: it delivers nothing while away, so few accumulate."""

Send = Callable[[Any], None]
"""Adds commands to a pipeline."""
_log = structlog.get_logger(__name__)


class Step(NamedTuple):
    """What is sent to Redis together with the acknowledgement of these entries; may run again.

    `is_owed`: it must be there before they are acknowledged, or a failure would lose it. `place`
    names the server, "" when there is only one.
    """

    entries: list[Entry]
    send: Send
    place: str = ""
    is_owed: bool = False


class Finisher:
    """Runs steps in the background."""

    def __init__(
        self, complete: Callable[[Step], Awaitable[None]], forget: Callable[[list[Entry]], None]
    ) -> None:
        """`complete` runs a step once; `forget` is called with acknowledged entries."""
        self._complete = complete
        self._forget = forget
        self._places: dict[str, _Place] = {}

    async def put(self, steps: Sequence[Step]) -> None:
        """Queue steps in order; waits while too many of their server are unfinished."""
        by_place: dict[str, list[Step]] = {}
        for step in steps:
            by_place.setdefault(step.place, []).append(step)
        for name, steps_ in by_place.items():
            place = self._places.get(name)
            if place is None:
                place = self._places[name] = _Place(name, self._complete, self._forget)
            await place.put(steps_)

    async def settle(self) -> None:
        """Flush the queues; skips those of unreachable servers."""
        for place in self._places.values():
            await place.settled.wait()

    def is_stuck(self, place: str) -> bool:
        """True while a server does not accept its steps."""
        queue = self._places.get(place)
        return queue is not None and queue.is_stuck

    async def close(self) -> None:
        """Stop; unfinished entries stay pending in Redis."""
        await end(*(place.task for place in self._places.values()))


class _Place:
    """The queue of one server."""

    def __init__(
        self,
        name: str,
        complete: Callable[[Step], Awaitable[None]],
        forget: Callable[[list[Entry]], None],
    ) -> None:
        self._complete = complete
        self._forget = forget
        self._queue: asyncio.Queue[list[Step]] = asyncio.Queue(_OF_MANY_MAX if name else _ALONE_MAX)
        self.is_stuck = False
        self.settled = asyncio.Event()
        self.settled.set()
        self.task = asyncio.create_task(self._run(), name=f"finisher {name}")

    async def put(self, steps: list[Step]) -> None:
        if not self.is_stuck:
            self.settled.clear()
        await self._queue.put(steps)

    async def _run(self) -> None:
        while True:
            for step in await self._queue.get():
                await self._until_taken(step)
                self._forget(step.entries)
            if self._queue.empty():
                self.settled.set()

    async def _until_taken(self, step: Step) -> None:
        """Retry until Redis accepts the step; its entries are committed and stay pending until
        then.
        """
        backoff_s = _BACKOFF_MIN_S
        while True:
            try:
                await self._complete(step)
            except (RedisError, OSError, TimeoutError) as error:
                _log.warning("acknowledge_retries", place=step.place, error=repr(error)[:200])
                self.is_stuck = True
                self.settled.set()
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, _BACKOFF_MAX_S)
            else:
                break
        if self.is_stuck:
            self.is_stuck = False
            self.settled.clear()


def acknowledge(pipeline: Any, entries: list[Entry]) -> None:
    """XACK, then XDEL. Not in MULTI, which a full Redis refuses: single commands let it drain."""
    ids: dict[int, list[str]] = {}
    for entry in entries:
        ids.setdefault(entry.partition, []).append(entry.stream_id)
    for partition, stream_ids in ids.items():
        pipeline.xack(partitions.intents(partition), partitions.GROUP, *stream_ids)
    for partition, stream_ids in ids.items():
        pipeline.xdel(partitions.intents(partition), *stream_ids)
