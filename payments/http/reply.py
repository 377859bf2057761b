"""A response of encoded bytes and headers that is sent without further serialization."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from payments.http.caught_up import STALE, STALE_KEY

JSON: Final = b"application/json"
PROBLEM_JSON: Final = b"application/problem+json"

Header = tuple[bytes, bytes]

_encode: Final = msgspec.json.Encoder().encode
_NO_STORE: Final[Header] = (b"cache-control", b"no-store")


class Reply(ASGIResponse):
    """Status, body and headers as they are sent; measured faster than Litestar's `Response`."""

    __slots__ = ("raw_headers",)

    def __init__(
        self, status: int, body: bytes, headers: Iterable[Header] = (), media_type: bytes = JSON
    ) -> None:
        """`body` is encoded already. Adds `Cache-Control: no-store`."""
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers: list[Header] = [
            (b"content-type", media_type),
            (b"content-length", b"%d" % len(body)),
            _NO_STORE,
            *headers,
        ]

    def to_asgi_response(self, *_args: Any, **_kwargs: Any) -> "Reply":
        """Return self: Litestar calls this on the result of an exception handler."""
        return self

    def with_content(self, content: Any) -> "Reply":
        """The same status and headers with another JSON body."""
        body = _encode(content)
        reply = Reply(self.status_code, body)
        length = (b"content-length", b"%d" % len(body))
        reply.raw_headers = [length if h[0] == length[0] else h for h in self.raw_headers]
        return reply

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        if STALE_KEY in scope:
            self.raw_headers.append(STALE)
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def json_reply(content: Any, status: int = 200, headers: Iterable[Header] = ()) -> Reply:
    """Encode the content with msgspec as a JSON response."""
    return Reply(status, _encode(content), headers)
