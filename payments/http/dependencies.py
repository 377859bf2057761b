"""Injects services into handlers by the type of a parameter: `engine:
NamedDependency[AsyncEngine]`.

A name has the same type in every handler.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from litestar import Router
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import ControllerRouterHandler

from payments.http.services import Services


def dependencies_of(
    routes: Sequence[ControllerRouterHandler], services: Services
) -> Mapping[str, Provide]:
    """A provider for each service parameter of these routes' handlers, by name.

    Raises ValueError for a type without a service, and for a name with two types.
    """
    types: dict[str, type[Any]] = {}
    for handler in _handlers(routes):
        for name, type_ in asked_of(handler).items():
            if types.setdefault(name, type_) is not type_:
                raise ValueError(f"{handler} asks for another type of {name!r} than other routes")
            if type_ not in services:
                raise ValueError(f"{handler} asks for {type_.__name__}, which nothing provides")
    return {name: _provide(services, type_) for name, type_ in types.items()}


def asked_of(handler: BaseRouteHandler) -> Mapping[str, type[Any]]:
    """Types of the services in a handler's signature, by parameter name."""
    fields = handler.parsed_fn_signature.parameters.values()
    return {field.name: field.annotation for field in fields if field.is_di_field}


def _handlers(routes: Sequence[ControllerRouterHandler]) -> Iterator[BaseRouteHandler]:
    for route in routes:
        if isinstance(route, BaseRouteHandler):
            yield route
        elif isinstance(route, Router):
            for one in route.routes:
                yield from getattr(one, "route_handlers", None) or [one.route_handler]  # type: ignore[union-attr]


def _provide(services: Services, type_: type[Any]) -> Provide:
    """The service is looked up at each request, so that a test can replace it."""

    def value() -> Any:
        return services.get(type_)

    return Provide(value, sync_to_thread=False)
