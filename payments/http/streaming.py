"""An answer without an end: pieces as they come, until the client goes or the server stops."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from payments.http.caught_up import STALE, STALE_KEY
from payments.http.head import is_head
from payments.http.reply import Header

EVENT_STREAM: Final = b"text/event-stream"
_END: Final[Any] = {"type": "http.response.body", "body": b"", "more_body": False}


class StreamReply(ASGIResponse):
    """Sends what an iterator gives; a client that reads slowly holds the iterator up."""

    __slots__ = ("pieces", "raw_headers")

    def __init__(
        self, pieces: AsyncIterator[bytes], media_type: bytes, headers: Iterable[Header] = ()
    ) -> None:
        """The iterator is closed when the client has gone."""
        self.status_code = 200
        self.body = b""
        self.background = None
        self.pieces = pieces
        self.raw_headers: list[Header] = [
            (b"content-type", media_type),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),  # nginx hands each piece on at once
            *headers,
        ]

    def to_asgi_response(self, *_args: Any, **_kwargs: Any) -> "StreamReply":
        """Itself: Litestar asks this of what a handler returns."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        if STALE_KEY in scope:
            self.raw_headers.append(STALE)
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        if is_head(scope):
            await send(_END)
            return
        sending = asyncio.create_task(self._send(send), name="stream")
        gone = asyncio.create_task(_gone(receive), name="stream-client")
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)
        if not sending.cancelled():
            await sending
            await send(_END)

    async def _send(self, send: Send) -> None:
        async for piece in self.pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
