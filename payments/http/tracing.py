"""A span for each request, continued from the caller's `traceparent`."""

from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from payments.http.cycle import REQUEST_ID
from payments.kernel import tracing

_QUIET: Final = ("/health/", "/metrics", "/schema")
"""Probes and scrapes would be most of all traces."""


class Traced:
    """ASGI middleware, there only while traces are on."""

    def __init__(self, app: ASGIApp) -> None:
        """`app`: everything that a request passes through."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        tracer = tracing.tracer()
        if tracer is None or scope["type"] != ScopeType.HTTP or scope["path"].startswith(_QUIET):
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        span = tracer.begin("request", parent=_given(scope), kind="server")
        try:
            with tracing.within(span):
                await self._app(scope, receive, noting)
        finally:
            span.end(name=_name(scope), attributes=_attributes(scope, status))


def _given(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name == b"traceparent"]
    return tracing.checked(values[0].decode("latin-1")) if len(values) == 1 else ""


def _name(scope: Any) -> str:
    return f"{scope['method']} {scope.get('path_template') or 'unrouted'}"


def _attributes(scope: Any, status: int) -> tracing.Attributes:
    return {
        "http.request.method": scope["method"],
        "http.route": scope.get("path_template") or "unrouted",
        "http.response.status_code": status,
        "payments.request_id": scope.get(REQUEST_ID) or "",
        "payments.actor": getattr(scope.get("user"), "name", None) or "",
    }
