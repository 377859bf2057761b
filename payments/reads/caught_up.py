"""Reads that see everything accepted before them (ADR 0073).

A read notes the newest entry of each stream and waits until the positions in PostgreSQL have passed
them. Concurrent reads share a request to Redis, waiting ones a request to PostgreSQL. A POST is not
affected.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from payments.kernel.database import Connection, connect
from streams.client import create_client
from streams.commands import Client
from streams.rollback import Position, positions
from streams.standing import newest_entries
from streams.tasks import end

WAIT_MAX_S: Final = 1.0
"""After this time a read answers with what there is and says that it may be old."""
_LOOK_EVERY_S: Final = 0.005
_AWAY_S: Final = 0.1
_log = structlog.get_logger(__name__)


class _Waiting(msgspec.Struct):
    """A reader waiting until these positions are applied."""

    newest: Mapping[int, Position]
    done: "asyncio.Future[bool]"


class CaughtUp:
    """Waits until everything in the streams at a given moment is applied."""

    def __init__(self, redis_url: str, database_url: str) -> None:
        """One instance per process."""
        self._client: Client = create_client(redis_url, connections=2)
        self._database_url = database_url
        self._connection: Connection | None = None
        self._applied: dict[int, Position] = {}
        self._asking: list[asyncio.Future[bool]] = []
        self._waiting: list[_Waiting] = []
        self._asked = asyncio.Event()
        self._waited = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the background tasks."""
        self._tasks = [
            asyncio.create_task(self._look_at_streams(), name="standing-in-streams"),
            asyncio.create_task(self._look_at_positions(), name="applied-positions"),
        ]

    async def stop(self) -> None:
        """Stop; waiting readers get no answer."""
        await end(*self._tasks)
        await self._client.aclose()
        if self._connection is not None:
            self._connection.terminate()

    async def wait(self, timeout_s: float = WAIT_MAX_S) -> bool:
        """True when everything in the streams at the time of the call is applied.

        False on timeout, or when Redis or PostgreSQL does not answer.
        """
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asking.append(done)
        self._asked.set()
        try:
            async with asyncio.timeout(timeout_s):
                return await done
        except TimeoutError:
            return False

    async def _look_at_streams(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            # Taken before the request: a reader that comes during it is answered by the next one.
            asking, self._asking = self._asking, []
            try:
                if not self._applied:
                    self._applied = await self._positions()
                newest = await newest_entries(self._client, self._applied)
            except Exception as error:  # noqa: BLE001 - without this task every read would time out
                _log.warning("standing_unknown", error=repr(error)[:200])
                for done in asking:
                    _resolve(done, is_applied=False)
                continue
            waiting = [_Waiting(newest, done) for done in asking]
            self._waiting += [waiter for waiter in waiting if not self._is_resolved(waiter)]
            if self._waiting:
                self._waited.set()

    async def _look_at_positions(self) -> None:
        while True:
            await self._waited.wait()
            try:
                self._applied = await self._positions()
            except Exception as error:  # noqa: BLE001 - the waiters' own timeout ends their wait
                _log.warning("positions_unknown", error=repr(error)[:200])
                await asyncio.sleep(_AWAY_S)
            self._waiting = [waiter for waiter in self._waiting if not self._is_resolved(waiter)]
            if self._waiting:
                await asyncio.sleep(_LOOK_EVERY_S)
            else:
                self._waited.clear()

    def _is_resolved(self, waiter: _Waiting) -> bool:
        is_applied = all(self._applied[p] >= newest for p, newest in waiter.newest.items())
        if is_applied:
            _resolve(waiter.done, is_applied=True)
        return waiter.done.done()

    async def _positions(self) -> dict[int, Position]:
        """How far each partition is applied and committed."""
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await connect(
                    self._database_url, application_name="payments-positions"
                )
            applied, _ = await positions(self._connection)
        except BaseException:
            if self._connection is not None:
                self._connection.terminate()
                self._connection = None
            raise
        return applied


def _resolve(done: "asyncio.Future[bool]", *, is_applied: bool) -> None:
    if not done.done():
        done.set_result(is_applied)
