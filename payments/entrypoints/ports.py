"""Ports and readiness of the servers of `payments up`."""

import socket

import httpx

from payments.embedded.process import EmbeddedError

PORTS_TRIED = 200


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError:
        return False
    return True


def free_port(host: str, first: int) -> int:
    """Return the first free port from `first` on."""
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        if is_free(host, port):
            return port
    raise EmbeddedError(f"no free port on {host} from {first} on: choose one with --port")


def choose_port(host: str, requested: int | None, default: int) -> int:
    """Return the requested port, which must be free, or the default or the next free one."""
    if requested is None:
        return free_port(host, default)
    if not is_free(host, requested):
        raise EmbeddedError(
            f"port {requested} on {host} is taken (or not ours to use): choose another with --port"
        )
    return requested


def answers_ready(base: str) -> bool:
    """Tell whether the API at `base` is ready. Proxies of the caller are not used."""
    try:
        with httpx.Client(trust_env=False, timeout=2.0) as client:
            return client.get(f"{base}/health/ready").is_success
    except httpx.HTTPError:
        return False
