"""The roles without an API answer `/metrics` on a port of their own."""

import msgspec
import prometheus_client
import pytest

from payments.entrypoints import metrics
from payments.entrypoints.settings import Settings


@pytest.mark.parametrize(
    ("port", "role", "serves"),
    [
        (9100, "scheduler", True),
        (9100, "consumer", True),
        (9100, "api", False),
        (0, "executor", False),
    ],
)
def test_who_serves_metrics(
    monkeypatch: pytest.MonkeyPatch, port: int, role: str, *, serves: bool
) -> None:
    started: list[int] = []
    monkeypatch.setattr(metrics, "start_http_server", lambda port, **_: started.append(port))
    metrics.serve_metrics(msgspec.structs.replace(Settings(), metrics_port=port), role)
    assert bool(started) is serves


def test_a_taken_port_costs_the_metrics_only() -> None:
    server, thread = prometheus_client.start_http_server(0, addr="127.0.0.1")
    settings = msgspec.structs.replace(Settings(), metrics_port=server.server_port)
    try:
        metrics.serve_metrics(settings, "scheduler")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
