"""The roles without an API answer metrics and health on a port of their own."""

import contextlib
import http.client
import socket
from collections.abc import Iterator

import msgspec
import pytest

from payments.entrypoints import metrics
from payments.entrypoints.settings import Settings
from payments.entrypoints.waiting import READY
from tests.fixtures.ports import free_port


@contextlib.contextmanager
def served(role: str, port: int) -> Iterator[bool]:
    """Whether the role serves that port."""
    server = metrics.serve_metrics(
        msgspec.structs.replace(Settings(), metrics_port=port, metrics_host="127.0.0.1"), role
    )
    try:
        yield server is not None
    finally:
        if server is not None:
            server.shutdown()
            server.server_close()


def answer(port: int, path: str, method: str = "GET") -> tuple[int, str]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read().decode()


@pytest.mark.parametrize(
    ("role", "has_port", "serves"),
    [
        ("scheduler", True, True),
        ("consumer", True, True),
        ("api", True, False),
        ("executor", False, False),
    ],
)
def test_who_serves_metrics(role: str, *, has_port: bool, serves: bool) -> None:
    with served(role, free_port() if has_port else 0) as is_served:
        assert is_served is serves


def test_a_taken_port_costs_the_metrics_only() -> None:
    port = free_port()
    with served("scheduler", port) as first, served("consumer", port) as second:
        assert (first, second) == (True, False)


@pytest.mark.case("P7")
def test_a_role_that_waits_for_servers_lives_and_is_not_ready() -> None:
    port = free_port()
    with served("consumer", port):
        READY.set(0)
        assert answer(port, "/health/live") == (200, '{"status":"live"}')
        assert answer(port, "/health/ready") == (503, '{"status":"waiting"}')
        READY.set(1)
        assert answer(port, "/health/ready") == (200, '{"status":"ready"}')
        status, text = answer(port, "/metrics")
        assert (status, "payments_role_ready 1.0" in text) == (200, True)


def test_head_is_answered_as_get_without_the_body() -> None:
    port = free_port()
    with served("scheduler", port):
        READY.set(0)
        assert answer(port, "/health/ready", "HEAD") == (503, "")
        READY.set(1)
        assert answer(port, "/health/ready", "HEAD") == (200, "")
        assert answer(port, "/metrics", "HEAD") == (200, "")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
            raw.sendall(b"HEAD /health/live HTTP/1.0\r\n\r\n")
            head, _, body = raw.makefile("rb").read().partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len('{"status":"live"}') in head
    assert body == b""
