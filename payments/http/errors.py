"""Renders every error as an RFC 9457 problem document.

For an unexpected error, the client gets only the request id.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy.exc
import structlog
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.types import Scope

from payments.http.access import access_of
from payments.http.cycle import REQUEST_ID
from payments.http.reply import PROBLEM_JSON, Header, Reply
from payments.http.services import HttpRequest
from payments.kernel.database import no_session
from payments.kernel.errors import (
    InvalidRequest,
    NotAuthenticated,
    PaymentsError,
    Unavailable,
    UnsupportedContentEncoding,
)

_log = structlog.get_logger(__name__)
_encode: Final = msgspec.json.Encoder().encode

CODES: Final = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}
_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_INTERNAL: Final = "Something went wrong on our side; it has been logged."
_DETAILS: Final = {
    404: "There is nothing at this path. Every path is listed at /schema.",
    405: "This path does not take this method. The header Allow names those it takes.",
}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A problem document without the members of the error's `extra`."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool | None = None
    errors: Sequence[Mapping[str, str | int]] = ()
    operation_id: str | None = None
    request_id: str | None = None


def problem_reply(
    scope: Scope, error: PaymentsError, *, status: int | None = None, headers: Sequence[Header] = ()
) -> Reply:
    """The response for an error; `status` replaces the status of its class."""
    status = status or error.status
    document = msgspec.to_builtins(
        Problem(
            type=f"urn:payments:problem:{error.code}",
            title=error.code.replace("_", " ").capitalize(),
            status=status,
            detail=error.detail,
            instance=scope["path"],
            code=error.code,
            retryable=error.retryable,
            errors=error.errors,
            operation_id=error.operation_id,
            request_id=scope.get(REQUEST_ID)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR
            else None,  # type: ignore[arg-type]
        )
    )
    body = _encode({**error.extra, **document})
    return Reply(status, body, (*_headers_of(error), *headers), PROBLEM_JSON)


Render = Callable[[HttpRequest, Exception], Reply]


class Pages(NamedTuple):
    """Where people come with a browser: below `path` every error is what `render` makes of it."""

    path: str
    render: Render


def renderer(pages: Pages | None) -> Render:
    """The application's exception handler: also for paths and methods that no route has."""

    def render(request: HttpRequest, error: Exception) -> Reply:
        path = request.scope["path"]
        if pages is not None and (path == pages.path or path.startswith(f"{pages.path}/")):
            return pages.render(request, error)
        return render_error(request, error)

    return render


def render_error(request: HttpRequest, error: Exception) -> Reply:
    """Every exception becomes a problem document."""
    if isinstance(error, PaymentsError):
        return problem_reply(request.scope, error)
    if isinstance(error, HTTPException):
        return _render_framework(request, error)
    if isinstance(error, RecursionError | UnicodeDecodeError):
        return problem_reply(request.scope, InvalidRequest("the request cannot be decoded"))
    if is_database_away(error):
        _log.warning(
            "database_away", request_id=request.scope.get(REQUEST_ID), error=type(error).__name__
        )
        return problem_reply(request.scope, Unavailable("the database cannot be reached"))
    _log.error(
        "unhandled_error",
        request_id=request.scope.get(REQUEST_ID),
        route=request.scope.get("path_template"),
        exc_info=error,
    )
    return problem_reply(request.scope, PaymentsError(_INTERNAL))


def is_database_away(error: BaseException) -> bool:
    """True when the error means that the database cannot be reached."""
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return True
    return no_session(error) is not None


def _headers_of(error: PaymentsError) -> Iterator[Header]:
    if error.retry_after_s is not None:
        yield b"retry-after", b"%d" % error.retry_after_s
    if isinstance(error, NotAuthenticated):
        yield b"www-authenticate", error.challenge.encode("latin-1")
    if isinstance(error, UnsupportedContentEncoding):
        yield b"accept-encoding", b"identity"  # RFC 9110 15.5.16


def _render_framework(request: HttpRequest, error: HTTPException) -> Reply:
    status = error.status_code
    detail = error.detail if status < HTTPStatus.INTERNAL_SERVER_ERROR else _INTERNAL
    detail = _DETAILS.get(status, detail)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.warning(
            "framework_error", request_id=request.scope.get(REQUEST_ID), error=error.detail
        )
    ours = PaymentsError(detail, code=CODES.get(status, "invalid_request"))
    headers = (
        [(b"allow", _allowed(request.scope))]
        if isinstance(error, MethodNotAllowedException)
        else []
    )
    return problem_reply(request.scope, ours, status=status, headers=headers)


def _allowed(scope: Scope) -> bytes:
    """Value of the header `Allow`, which RFC 9110 requires in a 405."""
    handler = scope.get("route_handler")
    if handler is not None and "method" in handler.opt:
        return str(handler.opt["method"]).encode()
    router = scope["litestar_app"].asgi_router
    methods = [m for m in _METHODS if _is_routed(router.handle_routing, scope["path"], m)]
    return ", ".join(methods).encode()


def _is_routed(routing: Any, path: str, method: str) -> bool:
    """True when a route takes the method; HEAD is taken by every GET that changes nothing."""
    routed = "GET" if method == "HEAD" else method
    try:
        _, handler, *_ = routing(path=path.rstrip("/") or "/", method=routed)
    except HTTPException:
        return False
    access = access_of(handler)
    return method == routed or access is None or access.is_safe
