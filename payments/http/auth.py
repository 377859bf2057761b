"""Who may call: default deny.

A route says by its `Access` who may use it; one that says nothing is closed to all.

Never by path patterns: Litestar's `exclude` patterns are unanchored, and a route added later would
be open by accident.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException
from litestar.handlers import BaseRouteHandler

from payments.http.access import access_of
from payments.http.caught_up import wait_for_accepted
from payments.http.paths import check_path, check_separators, undeclared
from payments.http.services import Connection, HttpRequest, header, service
from payments.kernel.errors import NotAllowed, NotAuthenticated

PUBLIC: Final = "public"
API_KEY: Final = "api_key"
EVERYTHING: Final = "*"
_OPTIONS: Final = "OPTIONS"
ADMIN: Final = "ledger:admin"

SCOPES: Final = (
    "wallets:read",
    "wallets:write",
    "transfers:write",
    "holds:write",
    "deposits:write",
    "payouts:write",
    "operations:read",
    "reconciliation:write",
    ADMIN,
)


ACCOUNT_SCOPE: Final = re.compile(r"accounts:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""The scope that lets a client's postings touch one house account: `accounts:fees`."""


def is_scope(text: str) -> bool:
    """True for what a key may be granted."""
    return text in SCOPES or text == EVERYTHING or ACCOUNT_SCOPE.fullmatch(text) is not None


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who is calling.

    `name` goes into the envelope (`client:shop`); `subject` is what a surface knows of its user.
    `also`: names under which operations of 0.1.0 have the same client.
    """

    name: str
    scopes: frozenset[str] = frozenset()
    subject: Any = None
    also: tuple[str, ...] = ()

    def may(self, scope: str) -> bool:
        """True when the scope was granted."""
        return scope in self.scopes or EVERYTHING in self.scopes

    def owns(self, actor: str) -> bool:
        """True when an operation of `actor` is this caller's own."""
        return actor == self.name or actor in self.also


ANYBODY: Final = Actor("anybody")

Authenticate = Callable[[Connection], Awaitable[Actor]]
"""Finds out who is calling, or raises `NotAuthenticated`, `NotAllowed`."""


class Scheme(msgspec.Struct, frozen=True):
    """A way to authenticate, and how the OpenAPI document describes it (None: no credentials)."""

    authenticate: Authenticate
    security: Mapping[str, Any] | None = None


class Schemes(dict[str, Scheme]):
    """Scheme by the name that routes use in their `Access`."""


BEARER_KEY: Final[Mapping[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, made by `payments keys create`; its name is the client.",
}


class InsufficientScope(NotAllowed):
    """These credentials lack the scope this needs."""

    code = "insufficient_scope"


async def require_actor(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard on the whole application.

    HEAD, OPTIONS and routes without a declaration included. A read, once it may be answered, waits
    for what was accepted before it.
    """
    if connection.scope.get("method") == _OPTIONS:
        # Litestar answers it for every path by itself. 401 would send the caller after credentials.
        raise MethodNotAllowedException
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


def actor_of(request: HttpRequest) -> Actor:
    """Who is calling, as the guard found out."""
    actor: Actor = request.scope["user"]
    return actor


def bearer_token(connection: Connection) -> str | None:
    """The credentials of `Authorization: Bearer …`, or None."""
    given = header(connection, b"authorization")
    if given is None:
        return None
    word, _, token = given.partition(" ")
    return token.strip() if word.lower() == "bearer" else None


def check_declarations(app: Litestar, schemes: Schemes) -> None:
    """Refuse to start with a route nobody could call, or one that forgot its scope."""
    problems = [
        p for path, handler in declared_routes(app) if (p := _problem(path, handler, schemes))
    ]
    if problems:
        raise ValueError("; ".join(problems))


def declared_routes(app: Litestar) -> list[tuple[str, BaseRouteHandler]]:
    """Every handler that we wrote, with its path.

    Litestar's own OPTIONS answers are left out (they stay closed).
    """
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
