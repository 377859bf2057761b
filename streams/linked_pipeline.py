"""The commands that finish a batch, over a connection of their own."""

import asyncio
from collections.abc import Mapping
from typing import Any

from redis.exceptions import RedisError

from streams.link import Link, connect_link, pack
from streams.options import SOCKET_TIMEOUT_S


class LinkedPipelines:
    """Makes pipelines that share one connection, opened when it is needed."""

    def __init__(self, url: str) -> None:
        """`url`: the server."""
        self._url = url
        self._link: Link | None = None

    def pipeline(self) -> "LinkedPipeline":
        """An empty pipeline."""
        return LinkedPipeline(self)

    async def send(self, commands: list[bytes]) -> list[Any]:
        """The replies, errors among them. Raises redis-py's errors and TimeoutError."""
        if self._link is None or self._link.is_lost:
            self._link = await connect_link(self._url)
        try:
            async with asyncio.timeout(SOCKET_TIMEOUT_S):
                return await self._link.send(b"".join(commands), len(commands))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        if self._link is not None:
            self._link.close()
            self._link = None


class LinkedPipeline:
    """The methods of redis-py's pipeline that finishing a batch calls.

    Messages go first, on their own: Redis sends what is written in one turn of its loop after the
    fsync of all of it, and whoever waits for an outcome would wait for that too.
    """

    def __init__(self, pipelines: LinkedPipelines) -> None:
        """Made by `LinkedPipelines`."""
        self._pipelines = pipelines
        self._messages: list[bytes] = []
        self._commands: list[bytes] = []

    def publish(self, channel: str, message: bytes) -> None:
        self._messages.append(pack(b"PUBLISH", channel.encode(), message))

    def xadd(self, name: str, fields: Mapping[bytes, bytes]) -> None:
        parts = [part for field in fields.items() for part in field]
        self._commands.append(pack(b"XADD", name.encode(), b"*", *parts))

    def xack(self, name: str, group: str, *ids: str) -> None:
        self._add(b"XACK", name, group, *ids)

    def xdel(self, name: str, *ids: str) -> None:
        self._add(b"XDEL", name, *ids)

    def unlink(self, *keys: str) -> None:
        self._add(b"UNLINK", *keys)

    def hdel(self, name: str, *fields: bytes) -> None:
        self._commands.append(pack(b"HDEL", name.encode(), *fields))

    def set(self, key: str, value: str) -> None:
        self._add(b"SET", key, value)

    def _add(self, command: bytes, *parts: str) -> None:
        self._commands.append(pack(command, *[part.encode() for part in parts]))

    async def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        """Send what is queued; the replies to all but the messages."""
        messages, self._messages = self._messages, []
        commands, self._commands = self._commands, []
        if messages:
            _raise_first(await self._pipelines.send(messages))
        replies = await self._pipelines.send(commands) if commands else []
        if raise_on_error:
            _raise_first(replies)
        return replies


def _raise_first(replies: list[Any]) -> None:
    for reply in replies:
        if isinstance(reply, RedisError):
            raise reply
