"""A TCP proxy that cuts a reply or stops forwarding on request."""

import asyncio
import contextlib
from typing import Final

_CHUNK: Final = 65536


class Proxy:
    """Listens on a free loopback port and forwards to a Unix socket or `host:port`."""

    def __init__(self, target: str) -> None:
        """`target`: a path of a Unix socket, or `host:port`."""
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._cut_after: bytes | None = None
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.cuts = 0

    async def start(self) -> None:
        """Begin to listen; `port` is set."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        if self._server is not None:
            self._server.close()
        self.cut_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut_reply_after(self, request: bytes) -> None:
        """The next request that holds these bytes gets through; its reply does not."""
        self._cut_after = request

    def cut_all(self) -> None:
        """End every connection now."""
        for writer in list(self._writers):
            writer.transport.abort()

    def stall(self) -> None:
        """Half-open: connections stay, nothing passes either way."""
        self._flowing.clear()

    def heal(self) -> None:
        """Let everything pass again."""
        self._cut_after = None
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            server_reader, server_writer = await self._connect()
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, server_writer}
        is_doomed = asyncio.Event()
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._forward(reader, server_writer, is_doomed, is_request=True))
                both.create_task(self._forward(server_reader, writer, is_doomed, is_request=False))
        except* (OSError, _EndOfConnectionError):
            pass  # one side ended: both do
        except* asyncio.CancelledError:
            pass  # only `stop` cancels, and asyncio.streams complains of a cancelled handler
        finally:
            self._writers -= {writer, server_writer}
            for side in (writer, server_writer):
                with contextlib.suppress(OSError, RuntimeError):
                    side.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._target.startswith("/"):
            return await asyncio.open_unix_connection(self._target)
        host, _, port = self._target.rpartition(":")
        return await asyncio.open_connection(host, int(port))

    async def _forward(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        is_doomed: asyncio.Event,
        *,
        is_request: bool,
    ) -> None:
        while True:
            chunk = await source.read(_CHUNK)
            if not chunk:
                raise _EndOfConnectionError
            await self._flowing.wait()
            if not is_request and is_doomed.is_set():
                self.cuts += 1
                raise _EndOfConnectionError
            if is_request and self._cut_after is not None and self._cut_after in chunk:
                self._cut_after = None
                is_doomed.set()
            if sink.is_closing():
                raise _EndOfConnectionError  # uvloop raises RuntimeError for a write to it
            sink.write(chunk)
            await sink.drain()


class _EndOfConnectionError(Exception):
    """One side closed, or we cut it."""
