"""uvicorn's HTTP/1.1 protocol, made stricter.

It refuses protocol upgrades, never parses bytes of a body as a request, and closes connections
that do not send the rest of a request in time.
"""

import asyncio
import enum
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

import httptools
import structlog
from prometheus_client import Counter
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from payments.http.cycle import Cycle, describe
from payments.http.idle import IdleTimer
from payments.http.malformed import (
    HeadTooLarge,
    RequestTimeout,
    UnknownFraming,
    answering,
    not_http,
    raw_answer,
)
from payments.kernel.errors import InvalidRequest, PaymentsError

HEAD_MAX_BYTES: Final = 64 * 1024
BODY_MIN_BYTES_S: Final = 512
"""The connection is closed when a body arrives more slowly than this, or stops."""

_LINGER_S: Final = 1.0

REFUSED: Final = Counter(
    "payments_http_refused_total", "Requests that were not HTTP, or not in time", ["code"]
)
_log = structlog.get_logger("access")


class _Phase(enum.Enum):
    """Which part of a request the connection receives."""

    BETWEEN = "between"
    HEAD = "head"
    BODY = "body"


class StrictProtocol(HttpToolsProtocol):
    """One connection. A request refused here is answered, then the connection is closed."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        read_timeout_s: float,
    ) -> None:
        """`read_timeout_s`: limit for a whole header, and for each part of a body."""
        super().__init__(config, server_state, app_state, _loop)
        self._read_timeout_s = read_timeout_s
        self._phase = _Phase.BETWEEN
        self._messages = 0
        self._head_bytes = 0
        self._body_bytes = 0
        self._is_upgrade = False
        self._is_refused = False
        self._timer: asyncio.TimerHandle | None = None
        self._timed = (0, _Phase.BETWEEN)
        self._idle = IdleTimer(self.loop, self.timeout_keep_alive_handler)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timeout, which also closes a connection that never sends anything."""
        super().connection_made(transport)
        self._wait_for_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timeouts."""
        self._stop_timer()
        self._idle.end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; bytes after a refused request are dropped."""
        if self._is_refused:
            return
        self._idle.stop()
        try:
            left = data
            while left:
                left = self._feed(left)
            if self._phase is _Phase.HEAD:
                self._add_to_head(len(data))
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, PaymentsError) else not_http(error))
        except PaymentsError as error:
            self._refuse(error)
        else:
            self._watch_progress()

    def _feed(self, data: bytes) -> bytes:
        """Parse to the end, or to the end of a header that requests an upgrade.

        llhttp treats the bytes after such a header as another protocol. A new parser reads the same
        header again without the upgrade, and then the body as HTTP/1.1.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            head = self._head_without_upgrade()
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            self.parser.feed_data(head)
            offset: int = upgrade.args[0]
            return data[offset:]
        return b""

    def _head_without_upgrade(self) -> bytes:
        """The header just parsed, without the upgrade and with `Connection: close`.

        A proxy in front may assume that the upgrade succeeded and forward anything its client
        sends; none of that may be parsed as a request.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [
            b"%b: %b" % (name, value)
            for name, value in self.headers
            if name not in {b"upgrade", b"connection", b"http2-settings"}
        ]
        return b"\r\n".join([*lines, b"Connection: close", b"", b""])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._phase = _Phase.HEAD
        self._messages += 1
        self._head_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._add_to_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header field; a trailer field is dropped, as RFC 9110 6.5 allows."""
        if self._phase is not _Phase.HEAD:
            return
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))
        self._add_to_head(len(name) + len(value))

    def _add_to_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_MAX_BYTES:
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        """Start the handler, unless the header requests an upgrade: then it is parsed again."""
        self._check_head()
        self._phase = _Phase.BODY
        self._is_upgrade = bool(self.parser.should_upgrade())
        if not self._is_upgrade:
            self._begin_request()

    def _begin_request(self) -> None:
        """Start the handler, or queue it behind the request before."""
        describe(self.scope, self.parser, self.url)
        earlier = self.cycle
        self.cycle = Cycle(
            self.scope,
            self.transport,
            self.flow,
            self.on_response_complete,
            keep_alive=self.parser.should_keep_alive() and self.scope["http_version"] != "1.0",
            expect_100_continue=self.expect_100_continue,
        )
        if earlier is None or earlier.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _check_head(self) -> None:
        """Refuse headers that llhttp accepts but that servers interpret differently."""
        version = self.parser.get_http_version()
        hosts = 0
        for name, value in self.headers:
            if name == b"host":
                hosts += 1
            elif name == b"transfer-encoding" and (value.lower() != b"chunked" or version != "1.1"):
                raise UnknownFraming
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            raise InvalidRequest("send exactly one Host header")
        if self.parser.get_method() == b"CONNECT":
            raise InvalidRequest("CONNECT is not answered: this is no proxy")

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._phase = _Phase.BETWEEN
        if not self._is_upgrade and not self.cycle.response_complete:
            self.cycle.more_body = False
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Start the handler of the next request, or wait for one."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            self._idle.wait(self.timeout_keep_alive)

    def _watch_progress(self) -> None:
        """Start the timeout of an incomplete part; most requests arrive complete and need none."""
        timed = (self._messages, self._phase)
        if timed != self._timed:
            self._stop_timer()
            self._timed = timed
            if self._phase is not _Phase.BETWEEN:
                self._start_timer()
        if self._phase is _Phase.BETWEEN:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        """Start the timeout for the next request when no response is pending."""
        if self.cycle is None or self.cycle.response_complete:
            self._idle.wait(self._read_timeout_s)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(
            self._read_timeout_s, self._give_up_or_go_on, self._body_bytes
        )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up_or_go_on(self, before: int) -> None:
        least = self._read_timeout_s * BODY_MIN_BYTES_S
        is_moving = self._phase is _Phase.BODY and self._body_bytes - before >= least
        if is_moving or self.flow.read_paused:  # paused: the server is slow, not the client
            self._start_timer()
        else:
            self._refuse(RequestTimeout())

    def _refuse(self, error: PaymentsError) -> None:
        """Send the error after the responses that are due before it, and close."""
        self._is_refused = True
        self._stop_timer()
        if self.transport.is_closing():
            return
        REFUSED.labels(error.code).inc()
        _log.info("request_refused", code=error.code, status=error.status, reason=error.detail)
        if self._phase is _Phase.BODY and not self._is_upgrade and not self.pipeline:
            self._cut_short(self.cycle, error)
            return
        if self._phase is _Phase.BODY and self.pipeline:
            self.pipeline.popleft()  # the refused request; its handler has not started
        if self.cycle is None or self.cycle.response_complete:
            self._answer_and_close(error)
        else:
            self.pipeline.appendleft((self._last_cycle(), cast("Any", answering(error))))

    def _cut_short(self, cycle: RequestResponseCycle, error: PaymentsError) -> None:
        """Answer in place of the handler that reads the body, unless it has answered already."""
        cycle.disconnected = True  # the handler reads that its client went away
        cycle.message_event.set()
        if cycle.response_started:
            self.transport.close()
        else:
            self._answer_and_close(error)

    def _answer_and_close(self, error: PaymentsError) -> None:
        """Close for writing first: a reset while the client is sending would lose the response."""
        self.transport.write(raw_answer(error))
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)

    def _last_cycle(self) -> RequestResponseCycle:
        scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": []}
        done = self.on_response_complete
        return Cycle(scope, self.transport, self.flow, done, keep_alive=False)


def protocol(read_timeout_s: float) -> Callable[..., StrictProtocol]:
    """The protocol factory that uvicorn calls for each connection."""
    return partial(StrictProtocol, read_timeout_s=read_timeout_s)
