"""The simulator as a Litestar application."""

import logging
from typing import Any, Final

from litestar import Litestar, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from payments_tools.simulator import api, page
from payments_tools.simulator.admin import ADMIN_ROUTES
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.errors import ApiError
from payments_tools.simulator.lifecycle import IllegalMoveError
from payments_tools.simulator.simulation import SimRequest, Simulation, running

_LOG: Final = logging.getLogger(__name__)
_BODY_LIMIT: Final = 64 * 1024
_BY_STATUS: Final = {404: "not_found", 405: "method_not_allowed"}
_TOO_LARGE: Final = 413


def create_simulator(config: SimulatorConfig) -> Litestar:
    """The application; its state is in `config.data_dir` and survives a restart."""
    return Litestar(
        route_handlers=[
            api.deposit,
            api.payout,
            api.transaction,
            api.wallet,
            api.registry,
            page.payment_page,
            page.press_button,
            *ADMIN_ROUTES,
        ],
        lifespan=[running],
        state=State({"simulation": Simulation(config)}),
        exception_handlers={
            ApiError: _api_error,
            HTTPException: _framework_error,
            IllegalMoveError: _illegal_move,
            LookupError: _unknown,
            Exception: _bug,
        },
        openapi_config=None,
        request_max_body_size=_BODY_LIMIT,
        logging_config=None,
    )


def _render(request: SimRequest, error: ApiError) -> Response[Any]:
    request_id = request.headers.get("superpay-request-id")
    return Response(
        error.body(request_id),
        media_type="application/json",
        status_code=error.status,
        headers=error.headers(),
    )


def _api_error(request: SimRequest, error: ApiError) -> Response[Any]:
    return _render(request, error)


def _framework_error(request: SimRequest, error: HTTPException) -> Response[Any]:
    code = _BY_STATUS.get(error.status_code, "malformed_request")
    status = _TOO_LARGE if error.status_code == _TOO_LARGE else None
    return _render(request, ApiError(code, error.detail, status=status))


def _illegal_move(_: SimRequest, error: IllegalMoveError) -> Response[Any]:
    return Response({"error": {"code": "illegal_move", "message": str(error)}}, status_code=409)


def _unknown(_: SimRequest, error: LookupError) -> Response[Any]:
    return Response({"error": {"code": "not_found", "message": str(error)}}, status_code=404)


def _bug(request: SimRequest, error: Exception) -> Response[Any]:
    _LOG.error("the simulator has a bug", exc_info=error)
    return _render(request, ApiError("internal_error", "A bug of the simulator."))
