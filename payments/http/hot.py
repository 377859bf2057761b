"""The hottest routes: the same handlers, without the layers of the framework they do not need.

Measured in one process without a server, POST /v1/transfers over a door that does nothing: 36-39 us
a request; an ordinary handler (POST /v1/holds): 49-56 us. Guards (so authentication), error
rendering and OpenAPI are the same as everywhere.
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

    Litestar copies the handler for each, 15 % of the path.
    """

    async def authorize_connection(self, connection: Connection) -> None:
        """Run the guards, the application's default deny among them."""
        for guard in self.resolve_guards():
            await guard(connection, self)  # type: ignore[misc]


def hot_post(path: str, *, access: Access) -> Callable[[Handler], HotHandler]:
    """As `post(path, access=...)`, for a handler that takes the request alone."""

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
    """The HTTP methods of a handler of either sort; empty for mounted applications."""
    if "method" in handler.opt:
        return [handler.opt["method"]]
    return sorted(getattr(handler, "http_methods", ()))
