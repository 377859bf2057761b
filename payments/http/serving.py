"""The HTTP server: its ports and its shutdown."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
import uvicorn
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from payments.http.cycle import watched
from payments.http.errors import problem_reply
from payments.http.services import Connection, service
from payments.kernel.errors import NotFound, UnknownFate

_FORWARDED: Final = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
_SERVED: Final = ("/metrics", "/schema", "/health/")
_log = structlog.get_logger(__name__)


class OperationsPort(msgspec.Struct, frozen=True):
    """Where `/metrics` and `/schema` are served: everywhere, or only at this port (0: nowhere)."""

    is_apart: bool = False
    port: int = 0

    def is_it(self, scope: Any) -> bool:
        """True for a request that arrived at that port."""
        server = scope.get("server")
        return bool(self.port and server and server[1] == self.port)


EVERYWHERE: Final = OperationsPort()


def for_operators(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Guard that hides metrics and documentation at the public port in production."""
    place = service(connection, OperationsPort)
    if place.is_apart and not place.is_it(connection.scope):
        raise NotFound


class Outermost:
    """The outermost ASGI middleware.

    It limits the operations port to its own paths, and answers requests that are cut off when the
    server stops.
    """

    def __init__(self, app: ASGIApp, place: OperationsPort) -> None:
        """`place`: the port that serves only metrics and documentation."""
        self._app = app
        self._place = place

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        if self._place.is_it(scope) and not scope["path"].startswith(_SERVED):
            await problem_reply(scope, NotFound())(scope, receive, send)
            return
        sent, send = watched(scope, send)
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if sent.status:
                raise
            _log.warning("request_cut_off", route=scope.get("path_template"))
            reply = problem_reply(
                scope,
                UnknownFate("the server is stopping; send the same request again"),
                status=HTTPStatus.SERVICE_UNAVAILABLE,
                headers=[(b"connection", b"close")],
            )
            await reply(scope, receive, send)


class Forwarded(ProxyHeadersMiddleware):
    """uvicorn's middleware, left out for requests without the headers of a proxy.

    Whether their sender is trusted took 3 % of the API's time.
    """

    def __call__(  # type: ignore[override] # an awaitable, as of a coroutine function
        self, scope: Any, receive: Any, send: Any
    ) -> Awaitable[None]:
        for name, _ in scope.get("headers", ()):
            if name in _FORWARDED:
                return super().__call__(scope, receive, send)
        return self.app(scope, receive, send)


class Server(uvicorn.Server):
    """Ends all waits for outcomes before it waits for requests to finish."""

    def __init__(self, config: uvicorn.Config, release: Callable[[], None]) -> None:
        """`release`: ends every current wait now and every later one immediately."""
        super().__init__(config)
        self._release = release

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the waits, then let the current requests finish."""
        self._release()
        await super().shutdown(sockets)


def listen(places: Sequence[tuple[str, int]], backlog: int) -> list[socket.socket]:
    """Open a listening socket per address. Raises OSError naming the first that fails."""
    sockets: list[socket.socket] = []
    for host, port in places:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            made = socket.create_server((host, port), family=family, backlog=backlog)
        except OSError as error:
            for each in sockets:
                each.close()
            raise OSError(
                error.errno, f"cannot listen on {host} port {port}: {error.strerror}"
            ) from error
        made.setblocking(False)
        sockets.append(made)
    return sockets
