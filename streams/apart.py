"""A session of its own for batches that take long, beside the lanes (ADR 0221).

It is opened when there is such a batch, and closed after the last. Each of its transactions makes
sure that the partition is still ours, and that nobody takes it over before the transaction ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from streams.finishing import Step
from streams.tasks import end

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

_PAUSE_MIN_S: Final = 0.1
_PAUSE_MAX_S: Final = 5.0
"""Less than what the server ends an idle session after."""
_AGAIN_AFTER_S: Final = 1.0
_log = structlog.get_logger(__name__)

Fence = Callable[["Connection", int], Awaitable[None]]
"""Called in a transaction with a partition, before anything is read in it."""
Put = Callable[[Sequence[Step]], Awaitable[None]]


class Work(NamedTuple):
    """What is done apart. `handle` commits a batch and returns the steps that finish it."""

    connect: Callable[[], Awaitable["Connection"]]
    is_there_any: Callable[[], bool]
    handle: Callable[["Connection", Fence], Awaitable[list[Step]]]


class Apart:
    """Runs one batch after another while there is any."""

    def __init__(self, work: Work | None, fence: Fence, put: Put) -> None:
        """`put` queues the steps of a committed batch."""
        self._work = work
        self._fence = fence
        self._put = put
        self._running: asyncio.Task[None] | None = None
        self._putting: asyncio.Task[None] | None = None
        self._again_at = 0.0

    def look(self) -> None:
        """Begin if there is something to do and nothing under way."""
        work, is_running = self._work, self._running is not None and not self._running.done()
        if work is None or is_running or not work.is_there_any():
            return
        if asyncio.get_running_loop().time() >= self._again_at:
            self._running = asyncio.create_task(self._run(work), name="apart")

    async def _run(self, work: Work) -> None:
        connection: Connection | None = None
        try:
            connection = await work.connect()
            while work.is_there_any():
                await self._batch(work, connection)
        except Exception as error:  # noqa: BLE001 - nothing is lost: it is tried again, on a new session
            _log.warning("apart_session_ended", error=repr(error)[:300])
            self._again_at = asyncio.get_running_loop().time() + _AGAIN_AFTER_S
        finally:
            if connection is not None:
                connection.terminate()

    async def _batch(self, work: Work, connection: "Connection") -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        steps = await work.handle(connection, self._fence)
        if steps:
            # What is committed is handed on even if we are stopped now.
            self._putting = asyncio.create_task(self._handed_on(steps), name="apart steps")
            await asyncio.shield(self._putting)
        else:  # what it needs is locked as well
            await asyncio.sleep(min(max(_PAUSE_MIN_S, loop.time() - began), _PAUSE_MAX_S))

    async def _handed_on(self, steps: Sequence[Step]) -> None:
        await self._put(steps)

    async def stop(self) -> None:
        """Roll back what is under way. It is begun again when somebody looks."""
        await end(self._running)
        if self._putting is not None:
            await self._putting

    async def close(self) -> None:
        """Leave what is under way: the consumer's session ends."""
        await end(self._running, self._putting)
