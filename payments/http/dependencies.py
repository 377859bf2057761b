"""What handlers ask for in their signature, as `engine: NamedDependency[AsyncEngine]`.

The parameter's type says which service it gets. One name stands for the same type in every handler.
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
    """A provider for each name that handlers of these routes ask for.

    Raises ValueError when no service of a type is there, or when one name stands for two types.
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
    """The services in a handler's signature: their types by name."""
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
    """Looked up at each request, so that a test may put another value in."""

    def value() -> Any:
        return services.get(type_)

    return Provide(value, sync_to_thread=False)
