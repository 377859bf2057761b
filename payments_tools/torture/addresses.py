"""Where a server listens, and its URL when one goes through a proxy instead."""

from typing import Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

HOST: Final = "127.0.0.1"
_REDIS_PORT: Final = 6379
_POSTGRESQL_PORT: Final = 5432


def redis_target(url: str) -> str:
    """Socket or `host:port` of a Redis URL."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return unquote(parts.path)
    return f"{parts.hostname}:{parts.port or _REDIS_PORT}"


def redis_through(url: str, port: int) -> str:
    """The same Redis behind a proxy on a loopback port."""
    parts = urlsplit(url)
    path = "/0" if parts.scheme == "unix" else parts.path
    return f"redis://{_credentials(parts.username, parts.password)}{HOST}:{port}{path}"


def database_target(url: str) -> str:
    """Socket or `host:port` of a PostgreSQL URL."""
    parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
    host = query["host"][0] if "host" in query else parts.hostname
    port = query["port"][0] if "port" in query else parts.port or _POSTGRESQL_PORT
    return f"{host}/.s.PGSQL.{port}" if str(host).startswith("/") else f"{host}:{port}"


def database_through(url: str, port: int) -> str:
    """The same database behind a proxy on a loopback port."""
    parts = urlsplit(url)
    credentials = _credentials(parts.username, parts.password)
    return f"postgresql://{credentials}{HOST}:{port}{parts.path}"


def _credentials(username: str | None, password: str | None) -> str:
    """As they stand in a URL; `urlsplit` leaves them escaped."""
    if not username and not password:
        return ""
    return f"{username or ''}:{quote(password or '', safe='%')}@"
