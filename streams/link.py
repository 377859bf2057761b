"""A Redis connection that is read by callbacks: no task switch, lock or timeout for each reply.

redis-py connects, authenticates and selects the database; then its transport is taken over. For
the few commands of the busy paths redis-py's own layers cost more than Redis does.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import DefaultParser
from redis.exceptions import ConnectionError as RedisConnectionError

from streams.options import SOCKET_TIMEOUT_S, options
from streams.sentinel import pool_of

Push = Callable[[list[Any]], None]
"""Gets what the server sends without being asked: messages of a subscription."""

_NOTHING: Final = False  # what hiredis gives for an incomplete reply; RESP2 has no such value


class _Expected:
    """Replies that one write waits for."""

    __slots__ = ("count", "done", "replies", "since_s")

    def __init__(self, count: int, since_s: float) -> None:
        self.count = count
        self.since_s = since_s
        self.replies: list[Any] = []
        self.done: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()


class Link(asyncio.Protocol):
    """One connection; made by `connect_link`."""

    def __init__(self, connection: Any) -> None:
        """`connection`: redis-py's, connected; it closes its socket when nothing refers to it."""
        self._connection = connection
        self._transport: asyncio.Transport = connection._writer.transport  # noqa: SLF001 - no public name
        self._before: Any = self._transport.get_protocol()
        self._reader = hiredis.Reader(replyError=DefaultParser.parse_error)
        self._expected: deque[_Expected] = deque()
        self._push: Push | None = None
        self._transport.set_protocol(self)
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.TimerHandle | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    @property
    def is_lost(self) -> bool:
        """True when nothing can be sent any more."""
        return self.lost.done() or self._transport.is_closing()

    def send(self, commands: bytes, count: int) -> "asyncio.Future[list[Any]]":
        """Write packed commands; the future gets their `count` replies, errors among them.

        It fails with redis-py's ConnectionError when the connection ends first, and ends the
        connection when they do not come in time: one timer watches all that is expected, where a
        timeout for each took 3 % of the API's time.
        """
        expected = _Expected(count, self._loop.time())
        if self.is_lost:
            expected.done.set_exception(RedisConnectionError("the connection is closed"))
            return expected.done
        self._expected.append(expected)
        self._transport.write(commands)
        if self._watch is None:
            self._watch = self._loop.call_later(SOCKET_TIMEOUT_S, self._look)
        return expected.done

    def _look(self) -> None:
        self._watch = None
        if not self._expected:
            return
        due_s = self._expected[0].since_s + SOCKET_TIMEOUT_S
        if self._loop.time() < due_s:
            self._watch = self._loop.call_at(due_s, self._look)
        else:
            self._end(TimeoutError(f"no reply within {SOCKET_TIMEOUT_S} s"))

    def on_push(self, push: Push) -> None:
        """Call `push` with every reply that no command waits for."""
        self._push = push

    def close(self) -> None:
        """Close it; what waits for replies fails."""
        self._end(RedisConnectionError("the connection was closed"))

    def _end(self, error: Exception) -> None:
        self._transport.abort()
        self._fail(error)

    def data_received(self, data: bytes) -> None:
        """Hand out the replies that are complete."""
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not _NOTHING:
            if not self._expected:
                if self._push is not None:
                    self._push(reply)
                continue
            expected = self._expected[0]
            expected.replies.append(reply)
            if len(expected.replies) == expected.count:
                self._expected.popleft()
                if not expected.done.done():
                    expected.done.set_result(expected.replies)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail what waits."""
        self._before.connection_lost(exc)  # redis-py's stream reader
        self._connection._reader = self._connection._writer = None  # noqa: SLF001 - no public name
        self._fail(RedisConnectionError(f"the server closed the connection: {exc!r}"))

    def _fail(self, error: Exception) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        while self._expected:
            done = self._expected.popleft().done
            if not done.done():
                done.set_exception(error)
                done.exception()  # retrieved: no warning when the caller has gone


async def connect_link(url: str) -> Link:
    """A new connection to the server in `url`. Raises redis-py's errors."""
    pool: Any = pool_of(ConnectionPool, url, max_connections=1, **options())
    connection = pool.make_connection()
    await connection.connect()
    return Link(connection)


def pack(*parts: bytes) -> bytes:
    """A command in the Redis protocol."""
    out = [b"*%d\r\n" % len(parts)]
    out.extend([b"$%d\r\n%b\r\n" % (len(part), part) for part in parts])
    return b"".join(out)
