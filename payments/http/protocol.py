"""HTTP/1.1 on the socket: uvicorn's protocol, stricter.

No protocol upgrade, no second reading of bytes that were a body, and no connection that waits for
ever for the rest of a request.
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
"""A body that comes in more slowly than this is given up; so is one that has stopped."""

_LINGER_S: Final = 1.0

REFUSED: Final = Counter(
    "payments_http_refused_total", "Requests that were not HTTP, or not in time", ["code"]
)
_log = structlog.get_logger("access")


class _Phase(enum.Enum):
    """Where in a message the connection stands."""

    BETWEEN = "between"
    HEAD = "head"
    BODY = "body"


class StrictProtocol(HttpToolsProtocol):
    """One connection. A request that is refused here is answered, and the connection closed."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        read_timeout_s: float,
    ) -> None:
        """`read_timeout_s`: for a whole header, and for each stretch of a body."""
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

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection that never sends anything is closed like one that stopped doing so."""
        super().connection_made(transport)
        self._wait_for_next()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse it. What follows a refused request is never looked at."""
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
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
        """Parse up to the end, or up to the end of a header that asks for an upgrade.

        llhttp takes what follows such a header for another protocol. A new parser reads the same
        header again without the request to upgrade, and then the body as HTTP/1.1.
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
        """The header just parsed, closing the connection after its answer.

        A proxy in front may believe that the connection has changed its protocol and pass on
        whatever its client sends: none of it may become a request.
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
        """A new header begins."""
        super().on_message_begin()
        self._phase = _Phase.HEAD
        self._messages += 1
        self._head_bytes = self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        super().on_url(url)
        self._add_to_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a field of the header; one of the trailer is dropped, as RFC 9110 6.5 allows."""
        if self._phase is _Phase.HEAD:
            super().on_header(name, value)
            self._add_to_head(len(name) + len(value))

    def _add_to_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_MAX_BYTES:
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        """Start answering, unless the header asks for an upgrade: then it is parsed once more."""
        self._check_head()
        self._phase = _Phase.BODY
        self._is_upgrade = bool(self.parser.should_upgrade())
        if not self._is_upgrade:
            super().on_headers_complete()

    def _check_head(self) -> None:
        """What llhttp lets pass and two servers might read in two ways."""
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
        """A part of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._phase = _Phase.BETWEEN
        if not self._is_upgrade:
            super().on_message_complete()

    def _watch_progress(self) -> None:
        """Start the clock of a part that has begun and is not whole; most requests need none."""
        timed = (self._messages, self._phase)
        if timed != self._timed:
            self._stop_timer()
            self._timed = timed
            if self._phase is not _Phase.BETWEEN:
                self._start_timer()
        if self._phase is _Phase.BETWEEN:
            self._wait_for_next()

    def _wait_for_next(self) -> None:
        """Wait for the first byte of a request, when no answer is due."""
        if self.cycle is None or self.cycle.response_complete:
            self.timeout_keep_alive_task = self.loop.call_later(
                self._read_timeout_s, self.timeout_keep_alive_handler
            )

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
        if is_moving or self.flow.read_paused:  # paused: we are slow, not the client
            self._start_timer()
        else:
            self._refuse(RequestTimeout())

    def _refuse(self, error: PaymentsError) -> None:
        """Answer once, after the answers that are due before this one, and close."""
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
            self.pipeline.popleft()  # the refused request itself: its handler has not begun
        if self.cycle is None or self.cycle.response_complete:
            self._answer_and_close(error)
        else:
            self.pipeline.appendleft((self._last_cycle(), cast("Any", answering(error))))

    def _cut_short(self, cycle: RequestResponseCycle, error: PaymentsError) -> None:
        """Answer in place of the handler, which is reading the body; nothing if it has answered."""
        cycle.disconnected = True  # the handler reads that its client went away
        cycle.message_event.set()
        if cycle.response_started:
            self.transport.close()
        else:
            self._answer_and_close(error)

    def _answer_and_close(self, error: PaymentsError) -> None:
        """Close for writing first: a reset, when the client is still sending, loses the answer."""
        self.transport.write(raw_answer(error))
        self.transport.write_eof()
        self._timer = self.loop.call_later(_LINGER_S, self.transport.close)

    def _last_cycle(self) -> RequestResponseCycle:
        scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": []}
        return RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )


def protocol(read_timeout_s: float) -> Callable[..., StrictProtocol]:
    """What uvicorn calls for each connection."""
    return partial(StrictProtocol, read_timeout_s=read_timeout_s)
