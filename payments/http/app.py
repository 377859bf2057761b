"""Builds the Litestar application: routes closed by default, one error renderer, one body limit.

Litestar's own body parsing, OpenAPI and error rendering are switched off.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, cast

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ControllerRouterHandler

from payments.http import docs, health
from payments.http.auth import Schemes, check_declarations, require_actor
from payments.http.body import BODY_MAX_BYTES
from payments.http.dependencies import dependencies_of
from payments.http.errors import Pages, renderer
from payments.http.head import HeadAsGet
from payments.http.services import STATE_KEY, Services
from payments.http.serving import EVERYWHERE, OperationsPort

Lifespan = Callable[[Litestar], AbstractAsyncContextManager[Any]] | AbstractAsyncContextManager[Any]

SHARED: Final[tuple[ControllerRouterHandler, ...]] = (*health.HANDLERS, *docs.HANDLERS)


def build_app(
    routes: Sequence[ControllerRouterHandler],
    services: Services,
    schemes: Schemes,
    lifespan: Sequence[Lifespan] = (),
    place: OperationsPort = EVERYWHERE,
    pages: Pages | None = None,
) -> Litestar:
    """The application with these routes; `place` is the port of metrics and documentation, `pages`
    where errors are pages for people.

    Raises ValueError when a route does not declare who may call it, or its handler asks for a
    service that `services` does not have.
    """
    services.add(Schemes, schemes)
    services.add(OperationsPort, place)
    handlers = [*routes, *SHARED]
    app = Litestar(
        route_handlers=handlers,
        dependencies=dependencies_of(handlers, services),
        guards=[require_actor],
        exception_handlers={Exception: cast("Any", renderer(pages))},
        request_max_body_size=BODY_MAX_BYTES,
        openapi_config=None,  # payments.http.openapi describes the bodies that handlers decode
        logging_config=None,
        debug=False,
        state=State({STATE_KEY: services}),
        lifespan=lifespan,
    )
    app.asgi_handler = HeadAsGet(app.asgi_handler)
    check_declarations(app, schemes)
    return app
