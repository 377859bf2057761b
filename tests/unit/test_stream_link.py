"""Replies that do not come in time end the connection, with one timer for all of them."""

import asyncio
from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from streams import link as module
from streams.link import Link


class Server:
    """Answers each command but the silent ones."""

    def __init__(self) -> None:
        self.is_silent = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            if not self.is_silent:
                writer.write(b"+OK\r\n")
        writer.close()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOCKET_TIMEOUT_S", 0.05)


@pytest.mark.usefixtures("_quick")
async def test_a_server_that_falls_silent_is_given_up() -> None:
    answering = Server()
    async with await asyncio.start_server(answering, "127.0.0.1", 0) as server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        link = Link(SimpleNamespace(_writer=writer))
        for _ in range(3):  # longer than the limit together: each has the whole of it
            assert await link.send(b"PING\r\n", 1) == [b"OK"]
            await asyncio.sleep(0.03)
        answering.is_silent = True
        first, second = link.send(b"PING\r\n", 1), link.send(b"PING\r\n", 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(first, 2)
        with pytest.raises(TimeoutError):
            await second
        assert link.is_lost
        with pytest.raises(RedisConnectionError):
            await link.send(b"PING\r\n", 1)
