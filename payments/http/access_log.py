"""One log line and one measurement per request, as the outermost layer of the application.

The line has no body, header, query string or secret.
"""

import itertools
import re
from typing import Final

import msgspec
import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from payments.http.cycle import REQUEST_ID, watched
from payments.http.tally import TALLY
from payments.kernel.clock import monotonic_s
from payments.kernel.ids import new_secret

OPERATION_ID: Final = "payments_operation_id"
"""In the scope: the operation that the request started or repeated."""
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9_.-]{1,64}")
_ERROR: Final = 400
_log = structlog.get_logger("access")


class AccessPolicy(msgspec.Struct, frozen=True):
    """Which requests are logged: errors and slow ones always, all when `is_everything`."""

    is_everything: bool = False
    slow_s: float = 1.0


class AccessLog:
    """ASGI middleware. Sets `scope[REQUEST_ID]`, which the answer has as `X-Request-Id`."""

    def __init__(self, app: ASGIApp, policy: AccessPolicy) -> None:
        """Request ids are a random prefix per process and a counter: unique without
        system calls.
        """
        self._app = app
        self._policy = policy
        self._prefix = new_secret(6)
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        sent, send = watched(scope, send)
        scope[REQUEST_ID] = self._id(scope)  # type: ignore[typeddict-unknown-key]
        started_s = monotonic_s()
        try:
            await self._app(scope, receive, send)
        finally:
            self._note(scope, sent.status, monotonic_s() - started_s)

    def _id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and _GIVEN_ID.fullmatch(value):
                return value.decode()
        return f"{self._prefix}-{next(self._numbers):x}"

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("path_template") or "unrouted"
        method = scope["method"]  # type: ignore[typeddict-item]
        TALLY.add(method, route, status, seconds)
        if self._policy.is_everything or status >= _ERROR or seconds >= self._policy.slow_s:
            actor = scope.get("user")
            _log.info(
                "request",
                request_id=scope.get(REQUEST_ID),
                operation_id=scope.get(OPERATION_ID),
                method=method,
                route=route,
                status=status,
                duration_ms=round(seconds * 1000, 1),
                actor=getattr(actor, "name", None),
            )
