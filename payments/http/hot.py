"""Handlers for the busiest routes, without the framework layers that they do not need.

Measured in one process without a server and with a door that does nothing: POST /v1/transfers
takes 36-39 us, an ordinary handler (POST /v1/holds) 49-56 us. Guards, and with them
authentication, error rendering and OpenAPI work as for other routes.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from litestar import Request
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import ASGIRouteHandler, BaseRouteHandler
from litestar.types import Receive, Scope, Send

from payments.http.access import NAME, Access
from payments.http.reply import Reply
from payments.http.services import Connection, HttpRequest

Handler = Callable[[HttpRequest], Awaitable[Reply]]

_POST: Final = "POST"


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
        handler = HotHandler(path, opt={NAME: access, "method": _POST}, copy_scope=False)
        return handler(run)

    return decorate


def methods_of(handler: BaseRouteHandler) -> list[str]:
    """The HTTP methods of an ordinary or hot handler; empty for mounted applications."""
    if "method" in handler.opt:
        return [handler.opt["method"]]
    return sorted(getattr(handler, "http_methods", ()))
