"""Redis behind Sentinel: each new connection goes to whom the sentinels call master.

    redis+sentinel://user:password@s1:26379,s2:26379/mymaster?db=0&sentinel_password=secret

User and password are the servers'; `rediss+sentinel` speaks TLS with servers and sentinels alike.
When a master is replaced, Sentinel closes its connections, and the next ones find the new one.
"""

from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import msgspec
import redis.asyncio
from redis.asyncio.connection import Connection, ConnectionPool, SSLConnection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from streams.options import options

SENTINEL_SCHEMES: Final = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}
_PORT: Final = 26379
_ASK_TIMEOUT_S: Final = 1.0
_OURS: Final = ("db", "sentinel_password")

PoolT = TypeVar("PoolT", bound=ConnectionPool)


class Sentinels(msgspec.Struct, frozen=True):
    """Whom to ask, for which master, and the URL of a server without its host."""

    seeds: tuple[tuple[str, int], ...]
    service: str
    password: str
    is_tls: bool
    server: str

    def __repr__(self) -> str:
        return f"Sentinels({self.service})"


def is_sentinel(url: str) -> bool:
    """True for the URL of a master that sentinels know."""
    return urlsplit(url).scheme in SENTINEL_SCHEMES


def parse_sentinels(url: str) -> Sentinels:
    """The sentinels in a URL. Raises `ValueError` with a message that never has the password."""
    parts = urlsplit(url)
    scheme = SENTINEL_SCHEMES[parts.scheme]
    credentials, at, hosts = parts.netloc.rpartition("@")
    seeds = tuple(_seed(host) for host in hosts.split(",") if host)
    service = unquote(parts.path.strip("/"))
    if not seeds or not service or "/" in service:
        raise ValueError("name sentinels and the master: redis+sentinel://host:26379,host/mymaster")
    query = dict(parse_qsl(parts.query))
    rest = urlencode({name: value for name, value in query.items() if name not in _OURS})
    database = query.get("db", "0")
    if not database.isascii() or not database.isdigit():
        raise ValueError("db is a number")
    server = f"{scheme}://{credentials}{at}unknown:6379/{database}?{rest}"
    password = query.get("sentinel_password", "")
    return Sentinels(seeds, service, password, scheme == "rediss", server)


def _seed(text: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host:
        raise ValueError("a sentinel is host:port")
    return host, port or _PORT


class MasterConnection(Connection):
    """A connection to the present master."""

    def __init__(self, *, sentinels: Sentinels, **arguments: Any) -> None:
        self._sentinels = sentinels
        super().__init__(**arguments)

    async def _connect(self) -> None:
        self.host, self.port = await master_of(self._sentinels, self._tls())
        await super()._connect()  # type: ignore[no-untyped-call]

    async def on_connect_check_health(self, check_health: bool = True) -> None:  # noqa: FBT001, FBT002 - redis-py's signature
        """A sentinel may not have heard yet that its master was replaced: ask the server itself."""
        await super().on_connect_check_health(check_health=check_health)
        await self.send_command("ROLE")
        role = await self.read_response()
        if role[0] not in {b"master", "master"}:
            raise RedisConnectionError("this server is no master any more")

    def _tls(self) -> dict[str, Any]:
        return {}


class MasterTLSConnection(MasterConnection, SSLConnection):
    """The same with TLS."""

    def __init__(self, *, sentinels: Sentinels, **arguments: Any) -> None:
        self._arguments = {n: v for n, v in arguments.items() if n.startswith("ssl_")}
        super().__init__(sentinels=sentinels, **arguments)

    def _tls(self) -> dict[str, Any]:
        return {"ssl": True, **self._arguments}


async def master_of(sentinels: Sentinels, tls: dict[str, Any]) -> tuple[str, int]:
    """The address of the master, from the first sentinel that knows it. Raises ConnectionError."""
    for host, port in sentinels.seeds:
        asked = redis.asyncio.Redis(
            host=host,
            port=port,
            password=sentinels.password or None,
            **options(socket_timeout=_ASK_TIMEOUT_S, socket_connect_timeout=_ASK_TIMEOUT_S),
            **tls,
        )
        try:
            found: Any = await asked.sentinel_get_master_addr_by_name(sentinels.service)
        except (RedisError, OSError, TimeoutError):
            continue
        finally:
            await asked.aclose()
        if found:
            name = found[0]
            return name.decode() if isinstance(name, bytes) else str(name), int(found[1])
    raise RedisConnectionError(f"no sentinel says who is master of {sentinels.service}")


def pool_of(kind: type[PoolT], url: str, **arguments: Any) -> PoolT:
    """A pool of connections to the server in a URL, or to the master that sentinels name."""
    if not is_sentinel(url):
        return kind.from_url(url, **arguments)
    sentinels = parse_sentinels(url)
    parsed: Any = parse_url(sentinels.server)
    parsed["connection_class"] = MasterTLSConnection if sentinels.is_tls else MasterConnection
    return kind(**{**parsed, "sentinels": sentinels, **arguments})
