"""Combines lookups that many requests make at the same time into one query, on a session of its
own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Generic, TypeVar

import asyncpg

from payments.kernel.database import Connection, connect, is_connection_lost
from payments.kernel.errors import Unavailable

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")

Read = Callable[[Connection, Sequence[KeyT]], Awaitable[Mapping[KeyT, ValueT]]]
"""Looks up many keys at once; keys without a value are left out."""

_TOGETHER_MAX: Final = 500
_ATTEMPTS: Final = 2


class Gathered(Generic[KeyT, ValueT]):
    """Finds values by key. The query starts after the call of `find`, so no answer is older."""

    def __init__(self, database_url: str, read: Read[KeyT, ValueT], name: str) -> None:
        """Uses one session; `name` is its application name in PostgreSQL."""
        self._database_url = database_url
        self._read = read
        self._name = name
        self._connection: Connection | None = None
        self._waiting: dict[KeyT, asyncio.Future[ValueT | None]] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the background task."""
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Stop; pending lookups fail with `Unavailable`."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        _fail(self._waiting, Unavailable("shutting down"))
        if self._connection is not None:
            self._connection.terminate()

    async def find(self, key: KeyT) -> ValueT | None:
        """The value of a key, or None. Raises `Unavailable` without the database."""
        future = self._waiting.get(key)
        if future is None:
            future = self._waiting[key] = asyncio.get_running_loop().create_future()
            self._wake.set()
        return await asyncio.shield(future)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                keys = list(self._waiting)[:_TOGETHER_MAX]
                futures = {key: self._waiting.pop(key) for key in keys}
                try:
                    values = await self._ask(keys)
                except BaseException as error:
                    _fail(futures, _as_unavailable(error))
                    if not isinstance(error, Exception):
                        raise
                    continue
                for key, future in futures.items():
                    if not future.done():
                        future.set_result(values.get(key))

    async def _ask(self, keys: Sequence[KeyT]) -> Mapping[KeyT, ValueT]:
        """Retry once on a new session: one killed backend drops every session."""
        for attempt in range(_ATTEMPTS):
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await connect(
                        self._database_url, application_name=self._name
                    )
                return await self._read(self._connection, keys)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                if attempt + 1 == _ATTEMPTS or not is_connection_lost(error):
                    raise
        raise AssertionError("a loop that neither returned nor raised")


def _as_unavailable(error: BaseException) -> BaseException:
    if isinstance(error, asyncio.CancelledError) or is_connection_lost(error):
        return Unavailable("the database cannot be reached", code="database_unavailable")
    return error


def _fail(futures: Mapping[KeyT, "asyncio.Future[ValueT | None]"], error: BaseException) -> None:
    for future in futures.values():
        if not future.done():
            future.set_exception(error)
            future.exception()  # retrieved: asyncio must not warn when the caller has gone
