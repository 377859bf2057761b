"""Prometheus metrics of the roles that serve no requests; the API serves its own."""

from typing import Final

import structlog
from prometheus_client import start_http_server

from payments.entrypoints.settings import Settings

ROLES: Final = ("consumer", "executor", "scheduler")
_log = structlog.get_logger(__name__)


def serve_metrics(settings: Settings, role: str) -> None:
    """Serve metrics on the configured port, in a thread, until the process ends.

    If the port is taken (two roles on one machine), a warning is logged and the role runs without
    metrics.
    """
    if not settings.metrics_port or role not in ROLES:
        return
    try:
        start_http_server(settings.metrics_port, addr=settings.metrics_address)
    except OSError as error:
        _log.warning("no_metrics", port=settings.metrics_port, error=str(error))
