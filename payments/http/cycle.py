"""One request and its response on a connection: head and body leave in one write."""

import asyncio
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote

import httptools
from litestar.types import Send
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

SENT: Final = "payments_sent"
"""In the scope: what of the response has been sent, so that no layer has to wrap `send`."""
REQUEST_ID: Final = "request_id"
"""In the scope: the id in the log and in the answer, "" or missing where there is none."""
_START: Final = "http.response.start"
_CLOSE: Final = b"connection: close\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n"
_BODILESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Sent:
    """What of a response has been sent: nothing while there is no status."""

    __slots__ = ("status",)

    def __init__(self) -> None:
        self.status = 0


def watched(scope: Any, send: Send) -> tuple[Sent, Send]:
    """What the server notes, or what is noted here where the server is not ours."""
    sent: Sent | None = scope.get(SENT)
    if sent is not None:
        return sent, send
    noted = scope[SENT] = Sent()

    async def noting(message: Any) -> None:
        if message["type"] == _START:
            noted.status = message["status"]
            if scope.get(REQUEST_ID):
                message = {**message, "headers": [*message["headers"], _named(scope)]}
        await send(message)

    return noted, noting


def _named(scope: Any) -> tuple[bytes, bytes]:
    request_id: str = scope[REQUEST_ID]
    return b"x-request-id", request_id.encode()


def describe(scope: Any, parser: httptools.HttpRequestParser, target: bytes) -> None:
    """Put into the scope what the request line says."""
    url = httptools.parse_url(target)
    path = url.path.decode("ascii")
    scope["http_version"] = parser.get_http_version()
    scope["method"] = parser.get_method().decode("ascii")
    scope["path"] = unquote(path) if "%" in path else path
    scope["raw_path"] = url.path
    scope["query_string"] = url.query or b""


class Cycle(RequestResponseCycle):
    """uvicorn's cycle with another way to send.

    uvicorn writes head and body one after the other, which are two system calls and two packets:
    an eighth of the API's time. ASGI lets a server keep the head until the first part of the body.
    """

    def __init__(
        self,
        scope: Any,
        transport: asyncio.Transport,
        flow: FlowControl,
        on_response: Callable[[], None],
        *,
        keep_alive: bool,
        expect_100_continue: bool = False,
    ) -> None:
        """`on_response` is called when the response is complete."""
        self.scope = scope
        self.sent = scope[SENT] = Sent()
        self.transport = transport
        self.flow = flow
        self.message_event = asyncio.Event()
        self.on_response = on_response
        self.disconnected = False
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expect_100_continue
        self.body = bytearray()
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.chunked_encoding = False
        self.expected_content_length = 0
        self._start: Any = None

    async def send(self, message: Any) -> None:
        """Write the response; its head goes with the first part of the body."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if message["type"] == _START:
            if self.response_started:
                raise RuntimeError("the response has started already")
            self._start = message
            self.sent.status = message["status"]
            return
        if self._start is None or self.response_complete:
            raise RuntimeError(f"{message['type']} outside of a response")
        more_body = message.get("more_body", False)
        part = self._framed(message.get("body", b""), more_body=more_body)
        self.transport.write(part)
        if not more_body:
            self._complete()

    def _framed(self, body: bytes, *, more_body: bool) -> bytes:
        """The part with its framing, behind the head when it is the first one."""
        head = b""
        if not self.response_started:
            head = self._head(self._start["status"], self._start["headers"])
            self.response_started = True
            self.waiting_for_100_continue = False
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            return head
        if self.chunked_encoding:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return head + chunk + (b"" if more_body else b"0\r\n\r\n")
        self.expected_content_length -= len(body)
        if self.expected_content_length < 0:
            raise RuntimeError("the body is longer than its Content-Length")
        return head + body

    def _head(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        lines = [STATUS_LINE[status]]
        is_measured = False
        for name, value in headers:
            if name == b"content-length":
                self.expected_content_length = int(value)
                is_measured = True
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive = False
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if self.scope.get(REQUEST_ID):
            lines.append(b"%b: %b\r\n" % _named(self.scope))
        if not self.keep_alive:
            lines.append(_CLOSE)
        if not is_measured and self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines.append(_CHUNKED)
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines) or b"\0" in head:
            raise RuntimeError("a response header contains a line break")
        return head + b"\r\n"

    def _complete(self) -> None:
        if self.expected_content_length:
            raise RuntimeError("the body is shorter than its Content-Length")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
