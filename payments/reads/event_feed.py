"""Who waits for events: all that wait in a process share one look at the numbering."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.events.event import NumberedEvent, Packings
from payments.events.queries import Position, Read, position, read, read_before
from payments.events.writes import number
from payments.kernel.clock import monotonic_s
from streams.tasks import end

_LOOK_EVERY_S: Final = 0.05
_AWAY_S: Final = 0.5
_log = structlog.get_logger(__name__)


class EventFeed:
    """Events as readers of this process get them."""

    def __init__(self, engine: AsyncEngine, packings: Packings) -> None:
        """`engine` is the primary's: reading gives numbers to what has none."""
        self._engine = engine
        self._packings = packings
        self._last = 0
        self._waiting = 0
        self._waited = asyncio.Event()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.is_released = False

    async def start(self) -> None:
        """Begin to look, when somebody waits."""
        self._task = asyncio.create_task(self._look(), name="event-feed")

    async def stop(self) -> None:
        """Stop looking."""
        await end(self._task)

    def release(self) -> None:
        """End every wait now, and every later one at once: the server stops."""
        self.is_released = True
        self._moved.set()

    async def position(self) -> Position:
        """Where the numbering stands, all that has committed counted in."""
        await number(self._engine)
        return await position(self._engine)

    async def read(
        self, after: int, matches: Callable[[str], bool], limit: int, wait_s: float
    ) -> Read:
        """Events after a number; waits for the first one, up to `wait_s`."""
        until = monotonic_s() + wait_s
        await number(self._engine)
        while True:
            found = await read(self._engine, self._packings, after, matches, limit)
            left_s = until - monotonic_s()
            if found.events or left_s <= 0 or self.is_released:
                return found
            if not found.is_more:
                await self._wait(found.through, left_s)
            after = found.through

    async def read_before(
        self, before: int, matches: Callable[[NumberedEvent], bool], limit: int
    ) -> Read:
        """Events that have a number below `before`, newest first."""
        return await read_before(self._engine, self._packings, before, matches, limit)

    async def _wait(self, after: int, timeout_s: float) -> None:
        """Return when there is something after that number, or after the time."""
        self._waiting += 1
        self._waited.set()
        try:
            async with asyncio.timeout(timeout_s):
                while self._last <= after and not self.is_released:
                    await self._moved.wait()
        except TimeoutError:
            return
        finally:
            self._waiting -= 1

    async def _look(self) -> None:
        while True:
            await self._waited.wait()
            try:
                self._last = (await self.position()).last_sequence
            except Exception as error:  # noqa: BLE001 - without this task everybody would wait in vain
                _log.warning("event_feed_cannot_look", error=repr(error)[:200])
                await asyncio.sleep(_AWAY_S)
            self._moved.set()
            if not self.is_released:
                self._moved = asyncio.Event()
            if not self._waiting:
                self._waited.clear()
            await asyncio.sleep(_LOOK_EVERY_S)
