"""Long-lived things a handler needs, found by their type.

The composition root puts them in. Handlers name them in their signature; what has no signature of
its own (guards, the hot routes) takes them from the connection.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from litestar import Litestar, Request
from litestar.connection import ASGIConnection

from payments.kernel.clock import Clock

HttpRequest = Request[Any, Any, Any]
"""What every handler takes. `actor_of(request)` says who is calling."""

Connection = ASGIConnection[Any, Any, Any, Any]

STATE_KEY: Final = "services"

T = TypeVar("T")


class Time(msgspec.Struct, frozen=True):
    """The clock, for handlers: `clock: NamedDependency[Time]`."""

    now: Clock


class Services:
    """One value a type."""

    def __init__(self, by_type: Mapping[type[Any], Any]) -> None:
        """`by_type`: the type (or protocol) handlers ask for, and the value they get."""
        self._by_type = dict(by_type)

    def __contains__(self, type_: object) -> bool:
        """True when there is a value of that type."""
        return type_ in self._by_type

    def get(self, type_: type[T]) -> T:
        """The value of that type. A missing one is a mistake of the composition root."""
        return self._by_type[type_]  # type: ignore[no-any-return]

    def add(self, type_: type[T], value: T) -> None:
        """Put a value in, or replace it."""
        self._by_type[type_] = value


def services_of(app: Litestar) -> Services:
    """All services of an application."""
    found: Services = app.state[STATE_KEY]
    return found


def service(connection: Connection, type_: type[T]) -> T:
    """The service of that type, for guards and the hot routes: `service(request, Submitter)`."""
    return services_of(connection.scope["litestar_app"]).get(type_)


def header(connection: Connection, name: bytes) -> str | None:
    """A request header by its lower-case name, the first one.

    Read straight from the scope, it is the hot path.
    """
    for key, value in connection.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def header_values(connection: Connection, name: bytes) -> list[str]:
    """All values of a request header by its lower-case name."""
    return [value.decode("latin-1") for key, value in connection.scope["headers"] if key == name]
