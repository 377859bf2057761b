"""Both servers on one data directory: start, stop, find, start temporarily."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from payments.embedded import postgres, redis
from payments.embedded.binaries import require_programs
from payments.embedded.datadir import DataDir, DataDirBusyError
from payments.embedded.process import Child, EmbeddedError, stop_all
from payments.embedded.users import pick_user

ANNOUNCE_LIMIT_S: Final = 60.0
"""How long a `payments up` may take from locking to announcing its addresses."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class Urls:
    """The addresses of the two servers."""

    database_url: str
    redis_url: str


@dataclass
class Servers:
    """Running servers. `stop` (or leaving the context) stops both and frees the data directory."""

    data: DataDir
    database_url: str = ""
    redis_url: str = ""
    postgres: Child | None = None
    redis: Child | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def children(self) -> tuple[Child, ...]:
        """The processes, for a supervisor."""
        return tuple(child for child in (self.postgres, self.redis) if child is not None)

    def stop(self) -> None:
        """Stop both servers; repeating it is harmless."""
        self.data.state.unlink(missing_ok=True)
        stop_all(self.children)
        self.data.drop_socket_folder()
        self.data.__exit__(None, None, None)

    def __enter__(self) -> Self:
        """Return the running servers."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self.stop()


def _silent(_: str) -> None:
    pass


def start_servers(
    data_dir: Path | str,
    *,
    database_url: str | None = None,
    redis_url: str | None = None,
    report: Report = _silent,
) -> Servers:
    """Lock `data_dir` and start its servers; a given URL replaces starting that server.

    Call it from the main thread; it works inside a running event loop. Data stay for the next
    start.

    Raises:
        DataDirBusyError: another process uses this data directory.
        EmbeddedError: a server is missing or did not start; the message is for people.
    """
    require_programs(postgres=not database_url, redis=not redis_url)
    data = DataDir(Path(data_dir)).__enter__()
    servers = Servers(data)
    try:
        data.state.unlink(missing_ok=True)
        user = pick_user(data.home("postgres"))
        data.open_to(user)
        if user is not None and not (database_url and redis_url):
            report(f"running as root: the servers run as the user {user.name}")
        _start_postgres(servers, database_url, report)
        _start_redis(servers, redis_url, report)
        data.write_private(
            data.state.name,
            {"database_url": servers.database_url, "redis_url": servers.redis_url},
        )
    except BaseException:
        servers.stop()
        raise
    return servers


def _start_postgres(servers: Servers, url: str | None, report: Report) -> None:
    data = servers.data
    if url:
        postgres.check_reachable(url)
        servers.database_url = url
        report("PostgreSQL: the one in PAYMENTS_DATABASE_URL")
        return
    began = time.monotonic()
    report("PostgreSQL: starting" if data.home("postgres").exists() else "PostgreSQL: first start")
    user = pick_user(data.home("postgres"))
    servers.postgres, servers.database_url = postgres.start(data, user)
    report(
        f"PostgreSQL: ready in {time.monotonic() - began:.1f} s, data in {data.home('postgres')}"
    )


def _start_redis(servers: Servers, url: str | None, report: Report) -> None:
    data = servers.data
    if url:
        redis.check_reachable(url)
        servers.redis_url = url
        report("Redis: the one in PAYMENTS_REDIS_URL")
        return
    began = time.monotonic()
    user = pick_user(data.home("postgres"))
    servers.redis, servers.redis_url, warning = redis.start(data, user)
    report(f"Redis: ready in {time.monotonic() - began:.1f} s, data in {data.home('redis')}")
    if warning:
        servers.warnings.append(warning)
        report(f"Redis: {warning}")


def connection_urls(data_dir: Path | str) -> Urls | None:
    """Return the addresses of the servers running on `data_dir`; None when nothing runs there.

    Raises:
        EmbeddedError: a process holds the directory but does not say where its servers are.
    """
    data = DataDir(Path(data_dir))
    until = time.monotonic() + ANNOUNCE_LIMIT_S
    while data.locked():
        addresses = data.read_private(data.state.name)
        if addresses:
            return Urls(addresses["database_url"], addresses["redis_url"])
        if time.monotonic() > until:
            raise EmbeddedError(f"process {data.holder()} holds {data.path} but is not ready")
        time.sleep(0.1)
    return None


@contextlib.contextmanager
def borrowed_urls(data_dir: Path | str, report: Report = _silent) -> Iterator[Urls]:
    """Yield the addresses of the servers of `data_dir`, started temporarily when stopped."""
    urls = connection_urls(data_dir)
    if urls is None:
        if not Path(data_dir).expanduser().is_dir():
            raise EmbeddedError(f"there is no data directory {data_dir}: start payments up first")
        try:
            servers = start_servers(data_dir, report=report)
        except DataDirBusyError:  # an `up` started in between
            urls = connection_urls(data_dir)
            if urls is None:
                raise
        else:
            with servers:
                yield Urls(servers.database_url, servers.redis_url)
            return
    yield urls
