"""HEAD, for every route that answers GET: the same work and the same headers, without the body."""

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Send

_KEY: Final = "payments_head"
"""In the scope of a GET that stands for a HEAD."""


class HeadAsGet:
    """ASGI middleware around the router: load balancers, link checkers and caches send HEAD.

    A stream is not begun for it (`StreamReply`). A route whose GET changes something refuses it.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app`: routes and renders errors; it sees a GET."""
        self._app = app

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def sending(message: Any) -> None:
            if message.get("body"):
                message = {**message, "body": b""}
            await send(message)

        as_get: Any = {**scope, "method": "GET", _KEY: True}
        try:
            await self._app(as_get, receive, sending)
        finally:  # the server and the access log read the caller, the route and the method here
            scope.update(as_get, method="HEAD")


def is_head(scope: Any) -> bool:
    """True when nobody reads the body."""
    return _KEY in scope
