"""One log line and one measurement per request, as the outermost layer of the application.

The line has no body, header, query string or secret.
"""

import itertools
import re
from typing import Any, Final

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from payments.kernel.clock import monotonic_s
from payments.kernel.ids import new_secret

REQUESTS: Final = Counter(
    "payments_http_requests_total", "Requests by route and status", ["method", "route", "status"]
)
SECONDS: Final = Histogram(
    "payments_http_request_seconds",
    "Time to answer, by route",
    ["method", "route"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30),
)

_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_ERROR: Final = 400
_log = structlog.get_logger("access")


class AccessPolicy(msgspec.Struct, frozen=True):
    """Which requests are logged: errors and slow ones always, all when `is_everything`."""

    is_everything: bool = False
    slow_s: float = 1.0


class AccessLog:
    """ASGI middleware. Sets `scope["request_id"]`."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        """Request ids are a random prefix per process and a counter: unique without
        system calls.
        """
        self._app = app
        self._policy = policy
        self._prefix = new_secret(6)
        self._numbers = itertools.count(1)
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        status = 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        scope["request_id"] = self._id(scope)  # type: ignore[typeddict-unknown-key]
        started_s = monotonic_s()
        try:
            await self._app(scope, receive, noting)
        finally:
            self._note(scope, status, monotonic_s() - started_s)

    def _id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
                return value.decode()
        return f"{self._prefix}-{next(self._numbers):x}"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("path_template") or "unrouted"
        key = (scope["method"], route, status)  # type: ignore[typeddict-item]
        children = self._children.get(key)
        if children is None:
            labels = (*key[:2], str(status))
            children = self._children[key] = (REQUESTS.labels(*labels), SECONDS.labels(*key[:2]))
        children[0].inc()
        children[1].observe(seconds)
        if self._policy.is_everything or status >= _ERROR or seconds >= self._policy.slow_s:
            actor = scope.get("user")
            _log.info(
                "request",
                request_id=scope.get("request_id"),
                method=key[0],
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 1),
                actor=getattr(actor, "name", None),
            )
