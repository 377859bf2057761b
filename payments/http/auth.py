"""Authentication and scopes, denied by default.

A route's `Access` says who may call it; a route without one is closed.

Path patterns are not used: Litestar's `exclude` patterns are unanchored, so a route added later
could be open by accident.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler

from payments.http.access import Access, access_of
from payments.http.caught_up import wait_for_accepted
from payments.http.head import is_head
from payments.http.paths import check_path, check_separators, undeclared
from payments.http.scopes import EVERYTHING
from payments.http.services import Connection, HttpRequest, header, service
from payments.kernel.errors import NotAllowed, NotAuthenticated

PUBLIC: Final = "public"
API_KEY: Final = "api_key"
_OPTIONS: Final = "OPTIONS"


class Actor(msgspec.Struct, frozen=True, gc=False):
    """The caller.

    `name` goes into the envelope (`client:shop`); `subject` identifies the surface's user.
    `also`: other names of the same client in operations written by 0.1.0.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    subject: Any = None
    also: tuple[str, ...] = ()

    def may(self, scope: str) -> bool:
        return scope in self.scopes or EVERYTHING in self.scopes

    def owns(self, actor: str) -> bool:
        """True when operations of `actor` belong to this caller."""
        return actor == self.name or actor in self.also


ANYBODY: Final = Actor("anybody")

Authenticate = Callable[[Connection], Awaitable[Actor]]
"""Authenticates a connection; raises `NotAuthenticated` or `NotAllowed`."""


class Scheme(msgspec.Struct, frozen=True):
    """An authentication scheme and its OpenAPI description (None: no credentials)."""

    authenticate: Authenticate
    security: Mapping[str, Any] | None = None


class Schemes(dict[str, Scheme]):
    """Schemes by the name that routes give in their `Access`."""


BEARER_KEY: Final[Mapping[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, made by `payments keys create`; its name is the client.",
}


class InsufficientScope(NotAllowed):
    """These credentials lack the scope this needs."""

    code = "insufficient_scope"


async def require_actor(connection: Connection, handler: BaseRouteHandler) -> None:
    """The application's guard; it also runs for HEAD, OPTIONS and routes without a declaration.

    An authorized read then waits for everything accepted before it.
    """
    _check_method(connection, access_of(handler))
    check_separators(connection)
    access = access_of(handler)
    if access is None:
        raise NotAuthenticated
    if access.auth == PUBLIC:
        connection.scope["user"] = ANYBODY
        check_path(connection)
        return
    scheme = service(connection, Schemes).get(access.auth)
    if scheme is None:
        raise NotAuthenticated
    actor = await scheme.authenticate(connection)
    scope = access.scope
    if scope is not None and not actor.may(scope):
        raise InsufficientScope(f"the scope {scope} is needed", scope=scope)
    connection.scope["user"] = actor
    if connection.scope["path_params"]:
        check_path(connection)
    if access.waits_for_accepted(connection.scope["method"]):  # type: ignore[typeddict-item]
        await wait_for_accepted(connection)


def _check_method(connection: Connection, access: Access | None) -> None:
    """Raise 405 for OPTIONS, which Litestar adds to every path, and for HEAD of an unsafe GET.

    A 401 would make the caller look for credentials.
    """
    is_unsafe = access is not None and not access.is_safe
    if connection.scope.get("method") == _OPTIONS or (is_unsafe and is_head(connection.scope)):
        raise MethodNotAllowedException


def actor_of(request: HttpRequest) -> Actor:
    """The caller that the guard authenticated."""
    actor: Actor = request.scope["user"]
    return actor


def bearer_token(connection: Connection) -> str | None:
    """The credentials of `Authorization: Bearer …`, or None."""
    authorization = header(connection, b"authorization")
    if authorization is None:
        return None
    word, _, token = authorization.partition(" ")
    return token.strip() if word.lower() == "bearer" else None


def check_declarations(app: Litestar, schemes: Schemes) -> None:
    """Raise ValueError for a route that nobody could call or that names no scope."""
    problems = [
        p for path, handler in declared_routes(app) if (p := _problem(path, handler, schemes))
    ]
    if problems:
        raise ValueError("; ".join(problems))


def declared_routes(app: Litestar) -> list[tuple[str, BaseRouteHandler]]:
    """Every handler of ours with its path; Litestar's own OPTIONS handlers are left out."""
    return [
        (route.path, handler)
        for route in app.routes
        for handler in getattr(route, "route_handlers", None) or [route.route_handler]  # type: ignore[union-attr]
        if getattr(handler, "http_methods", None) != {"OPTIONS"}
    ]


def _problem(path: str, handler: BaseRouteHandler, schemes: Schemes) -> str | None:
    access = access_of(handler)
    if access is None:
        return f"{path} ({handler}) declares no Access"
    if access.auth != PUBLIC and access.auth not in schemes:
        return f"{path} ({handler}) declares no known authentication: {access.auth!r}"
    if access.auth == API_KEY and access.scope is None:
        return f"{path} ({handler}) declares no scope"
    loose = list(undeclared(path))
    if loose:
        return f"{path} ({handler}) declares no strict reader of {', '.join(loose)}"
    return None
