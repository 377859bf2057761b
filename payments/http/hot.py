"""Handlers for the busiest routes, called without the framework layers that they do not need.

Guards, and with them authentication, error rendering and OpenAPI work as for other routes.
`HotRoutes` looks a request up by its exact path; whatever it does not know goes to Litestar, which
routes a hot handler too. What this saves: docs/performance.md.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Litestar, Request
from litestar.enums import ScopeType
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler, BaseRouteHandler
from litestar.types import Receive, Scope, Send

from payments.http.access import NAME, Access
from payments.http.errors import render_error
from payments.http.reply import Reply
from payments.http.services import BY_NAME, Connection, HttpRequest

Handler = Callable[[HttpRequest], Awaitable[Reply]]

_POST: Final = "POST"
_PLAIN_HOST: Final = re.compile(rb"[A-Za-z0-9.-]*(:[0-9]{1,5})?")
_HANDLE: Final = "handle"
"""Key of the handler function in a hot route's `opt`."""


class HotHandler(ASGIRouteHandler):
    """An ASGI route that passes itself to its guards.

    Litestar would copy the handler for each guard, which took 15 % of the time of a request.
    """

    async def authorize_connection(self, connection: Connection) -> None:
        """Run all guards, including the application's default deny."""
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc]


def hot_post(path: str, *, access: Access) -> Callable[[Handler], HotHandler]:
    """Like `post(path, access=...)`, for a handler whose only parameter is the request."""

    def decorate(handle: Handler) -> HotHandler:
        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] != _POST:  # type: ignore[typeddict-item]
                raise MethodNotAllowedException
            reply = await handle(Request(scope, receive, send))
            await reply(scope, receive, send)

        run.__name__ = handle.__name__
        run.__doc__ = handle.__doc__
        opt = {NAME: access, "method": _POST, _HANDLE: handle}
        return HotHandler(path, opt=opt, copy_scope=False)(run)

    return decorate


def methods_of(handler: BaseRouteHandler) -> list[str]:
    """The HTTP methods of an ordinary or hot handler; empty for mounted applications."""
    if "method" in handler.opt:
        return [handler.opt["method"]]
    return sorted(getattr(handler, "http_methods", ()))


class HotRoutes:
    """ASGI application: a POST to a hot route goes to its handler, the rest to the application."""

    def __init__(self, app: Litestar) -> None:
        """`app`: all routes, the hot ones among them."""
        self._app = app
        handlers = ((route.path, getattr(route, "route_handler", None)) for route in app.routes)
        self._handlers = {p: h for p, h in handlers if isinstance(h, HotHandler)}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer as Litestar would."""
        is_http = scope["type"] == ScopeType.HTTP
        handler = self._handlers.get(scope["path"]) if is_http else None
        if handler is None or scope["method"] != _POST:
            await self._app(scope, receive, send)
            return
        headers = scope["headers"]
        by_name = dict(headers)
        if not _PLAIN_HOST.fullmatch(by_name.get(b"host", b"")):  # Litestar judges any other
            await self._app(scope, receive, send)
            return
        if len(by_name) == len(headers):
            scope[BY_NAME] = by_name
        scope["app"] = scope["litestar_app"] = self._app
        scope["path_params"] = {}
        scope["path_template"] = scope["path"]
        scope["route_handler"] = handler
        request: HttpRequest = Request(scope, receive, send)
        try:
            await handler.authorize_connection(request)
            reply = await handler.opt[_HANDLE](request)
        except Exception as error:  # noqa: BLE001 - as the application's exception handler: each has its answer
            reply = render_error(request, error)
        await reply(scope, receive, send)
