"""Metrics and health of the roles that serve no requests; the API serves its own."""

import socket
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import REGISTRY, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from payments.entrypoints.settings import Settings

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]

ROLES: Final = ("consumer", "executor", "scheduler")
_READY: Final = "payments_role_ready"
_log = structlog.get_logger(__name__)


class _Handler(WSGIRequestHandler):
    """A thread a connection: one that sends nothing holds nobody up, and is cut off."""

    timeout = 10

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Probes are no news."""


def serve_metrics(settings: Settings, role: str) -> WSGIServer | None:
    """Serve metrics and health on the configured port, in a thread, until the process ends.

    If the port is taken (two roles on one machine), a warning is logged and the role runs without
    it.
    """
    if not settings.metrics_port or role not in ROLES:
        return None
    address, port = settings.metrics_address, settings.metrics_port
    try:
        app = taking_head(health_and_metrics())
        server = make_server(address, port, app, _server_of(address), _Handler)
    except OSError as error:
        _log.warning("no_metrics", port=port, error=str(error))
        return None
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _server_of(address: str) -> type[WSGIServer]:
    """A server of IPv4 or IPv6, as the address is."""
    family = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][0]

    class Server(ThreadingWSGIServer):
        address_family = family

    return Server


def taking_head(app: Application) -> Application:
    """The application, with HEAD answered as GET is but without the body."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] != "HEAD":
            return app(environ, start_response)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        as_get = {**environ, "REQUEST_METHOD": "GET"}
        length = sum(map(len, app(as_get, lambda *given: started.append(given))))
        status, headers = started[0]
        start_response(status, [*headers, ("Content-Length", str(length))])
        return []

    return answer


def health_and_metrics() -> Application:
    """`/health/live`: the process lives; `/health/ready`: it works, 503 while it waits for servers.

    Everything else answers with the metrics.
    """
    metrics: Application = make_wsgi_app()

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path not in {"/health/live", "/health/ready"}:
            return metrics(environ, start_response)
        is_good = path == "/health/live" or REGISTRY.get_sample_value(_READY) == 1
        status = HTTPStatus.OK if is_good else HTTPStatus.SERVICE_UNAVAILABLE
        kind = ("Content-Type", "application/json")
        start_response(f"{status.value} {status.phrase}", [kind])
        word = b"live" if path == "/health/live" else b"ready" if is_good else b"waiting"
        return [b'{"status":"%b"}' % word]

    return answer
