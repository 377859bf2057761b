"""An embedded Redis whose acknowledged writes are on the disk."""

import os
import signal
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from payments.embedded.binaries import RedisProgram, redis_program
from payments.embedded.datadir import DataDir
from payments.embedded.process import Child, EmbeddedError, stop_orphan
from payments.embedded.users import ServerUser, make_private

LOAD_LIMIT_S: Final = 300.0
"""Time to replay a large append-only file."""

LUA_FIXED: Final = (7, 0, 0)
"""Older versions (the wheel is 6.2.14) have known remote-code faults in scripting, which we do not
need.
"""

DURABLE: Final = {
    "appendonly": "yes",
    "appendfsync": "always",
    "no-appendfsync-on-rewrite": "no",
    "aof-use-rdb-preamble": "yes",
    "maxmemory-policy": "noeviction",
}
"""What makes an acknowledged XADD durable; the API checks it too when it starts."""

SETTINGS: Final = {
    **DURABLE,
    "maxmemory": "1gb",
    "save": '""',
    "port": "0",
    "unixsocketperm": "700",
    "daemonize": "no",
    "loglevel": "notice",
}


OLD_SERVER: Final = (
    "version {} from a wheel, for evaluation; scripting is switched off in it. A redis-server or "
    "valkey-server 7.0 or newer on PATH is preferred when there is one."
)


def socket_url(socket: Path, password: str) -> str:
    """Return the URL that redis-py understands."""
    return f"unix://:{quote(password)}@{quote(str(socket))}?db=0"


def config_text(program: RedisProgram, home: Path, socket: Path, password: str) -> str:
    """Return redis.conf."""
    places = {"dir": f'"{home}"', "unixsocket": f'"{socket}"', "pidfile": f'"{home / "redis.pid"}"'}
    scripting = "" if program.version >= LUA_FIXED else " -@scripting"
    lines = [f"{key} {value}" for key, value in {**SETTINGS, **places}.items()]
    lines.append(f"user default on >{password} ~* &* +@all{scripting}")
    return "\n".join(lines) + "\n"


def write_config(home: Path, text: str, user: ServerUser | None) -> Path:
    """Write redis.conf for the servers' user alone; it holds the password."""
    handle, scratch = tempfile.mkstemp(dir=home)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    if user is not None:
        os.chown(scratch, user.uid, user.gid)
    return Path(scratch).replace(home / "redis.conf")


def check_version(data: DataDir, program: RedisProgram) -> None:
    """Refuse to give the data of a newer server to an older one, which could not read it."""
    version = data.read_private("redis.json").get("version", "0.0")
    if tuple(int(part) for part in version.split(".")[:2]) > program.version[:2]:
        raise EmbeddedError(
            f"the Redis data in {data.home('redis')} were written by version {version}; the server "
            f"found now is {program.text} ({program.path}): put the newer one back on PATH"
        )
    data.write_private("redis.json", {"version": program.text, "program": str(program.path)})


def client(url: str) -> "redis.Redis":
    """Return a client that never retries a command by itself."""
    return redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=5.0, socket_connect_timeout=5.0
    )


def nodes_of(url: str) -> list[str]:
    """Return the URL of each server named in one URL, without what only our own clients read."""
    parts = urlsplit(url)
    query = "&".join(p for p in parts.query.split("&") if not p.startswith("min_replicas="))
    parts = parts._replace(query=query)
    scheme, is_cluster, _ = parts.scheme.partition("+")
    if not is_cluster:
        return [urlunsplit(parts)]
    credentials, at, hosts = parts.netloc.rpartition("@")
    return [
        urlunsplit(parts._replace(scheme=scheme, netloc=credentials + at + host))
        for host in hosts.split(",")
    ]


def check_reachable(url: str) -> None:
    """Raise if the caller's own server does not answer."""
    try:
        for node in nodes_of(url):
            with client(node) as connection:
                connection.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise EmbeddedError(f"the Redis given by URL does not answer: {error}") from error


def answers(url: str, pid: int) -> bool:
    """Tell whether the server behind `url` answers, has loaded its data, and is process `pid`."""
    connection = client(url)
    try:
        info = connection.info("server")
        connection.ping()
        return isinstance(info, dict) and info.get("process_id") == pid
    except (redis.RedisError, OSError):
        return False
    finally:
        connection.close()


def prepare(data: DataDir, user: ServerUser | None, program: RedisProgram) -> tuple[Child, Path]:
    """Prepare folder and configuration; the child is not started."""
    check_version(data, program)
    home = make_private(data.settle("redis", user), user)
    stop_orphan(home / "redis.pid", home, signal.SIGTERM)
    socket = data.socket_folder(user) / "redis.sock"
    config = write_config(home, config_text(program, home, socket, data.secret("redis")), user)
    child = Child(
        name="redis",
        command=(str(program.path), str(config)),
        log=data.logs / "redis.log",
        user=user,
        cwd=Path("/"),
        death_signal=signal.SIGTERM,
        stop_signals=((signal.SIGTERM, 30.0),),
    )
    return child, socket


def start(data: DataDir, user: ServerUser | None) -> tuple[Child, str, str | None]:
    """Start Redis on `data`; returns the child, its URL, and a warning for the person, if any."""
    program = redis_program(user)
    child, socket = prepare(data, user, program)
    url = socket_url(socket, data.secret("redis"))
    child.ready = lambda: answers(url, child.pid)
    try:
        child.start()
        child.wait_ready(LOAD_LIMIT_S)
    except BaseException:
        child.stop()
        raise
    warning = None if program.version >= LUA_FIXED else OLD_SERVER.format(program.text)
    return child, url, warning
