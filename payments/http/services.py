"""Long-lived services of handlers, looked up by type.

The composition root adds them. Handlers get them as parameters; guards and hot routes, which have
fixed signatures, look them up with `service`.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from litestar import Litestar, Request
from litestar.connection import ASGIConnection

from payments.kernel.clock import Clock

HttpRequest = Request[Any, Any, Any]
"""The request type of every handler. `actor_of(request)` gives the caller."""

Connection = ASGIConnection[Any, Any, Any, Any]

STATE_KEY: Final = "services"

T = TypeVar("T")


class Time(msgspec.Struct, frozen=True):
    """The clock as a service: `clock: NamedDependency[Time]`."""

    now: Clock


class Services:
    """Holds one value per type."""

    def __init__(self, by_type: Mapping[type[Any], Any]) -> None:
        """`by_type`: the type (or protocol) handlers ask for, and the value they get."""
        self._by_type = dict(by_type)

    def __contains__(self, type_: object) -> bool:
        return type_ in self._by_type

    def get(self, type_: type[T]) -> T:
        """The value of that type. A KeyError is a bug in the composition root."""
        return self._by_type[type_]  # type: ignore[no-any-return]

    def add(self, type_: type[T], value: T) -> None:
        """Add or replace a value."""
        self._by_type[type_] = value


def services_of(app: Litestar) -> Services:
    services: Services = app.state[STATE_KEY]
    return services


def service(connection: Connection, type_: type[T]) -> T:
    """The service of that type, for guards and the hot routes: `service(request, Submitter)`."""
    return services_of(connection.scope["litestar_app"]).get(type_)


BY_NAME: Final = "payments_headers"
"""In the scope of a hot route: its headers by name, when none is given twice."""


def raw_header(connection: Connection, name: bytes) -> bytes | None:
    """The bytes of the first request header of this lower-case name."""
    by_name: dict[bytes, bytes] | None = connection.scope.get(BY_NAME)  # type: ignore[assignment]
    if by_name is not None:
        return by_name.get(name)
    for key, value in connection.scope["headers"]:
        if key == name:
            return value
    return None


def header(connection: Connection, name: bytes) -> str | None:
    """The first request header of this lower-case name, read from the scope for speed."""
    value = raw_header(connection, name)
    return None if value is None else value.decode("latin-1")


def header_values(connection: Connection, name: bytes) -> list[str]:
    """All values of a request header; `name` is lower-case."""
    if BY_NAME in connection.scope:
        value = raw_header(connection, name)
        return [] if value is None else [value.decode("latin-1")]
    return [value.decode("latin-1") for key, value in connection.scope["headers"] if key == name]
