"""An embedded PostgreSQL: initdb once, run in the foreground, ready when it answers."""

import asyncio
import concurrent.futures
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Final
from urllib.parse import quote

import asyncpg

from payments.embedded.binaries import POSTGRES_MAJOR, postgres_programs
from payments.embedded.datadir import DataDir
from payments.embedded.process import (
    Child,
    EmbeddedError,
    stop_orphan,
)
from payments.embedded.users import ServerUser, make_private

ROLE: Final = "payments"
DATABASE: Final = "payments"
PORT: Final = 5432
"""Only part of the socket file's name: nothing listens on TCP."""

RECOVERY_LIMIT_S: Final = 300.0
"""Crash recovery replays up to max_wal_size of log."""

SHARED_BUFFERS_MIN_MB: Final = 128
SHARED_BUFFERS_MAX_MB: Final = 2048

SETTINGS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    # durability: what is committed is on the disk
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # few checkpoints: each one makes the next touch of every index page a full-page write
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    # pglz, the one method of this build, cost more than the disk: in the seconds after a checkpoint
    # ids that fall anywhere in an index were applied at 2,440/s with it, at 11,156/s without
    "wal_compression": "off",
    "random_page_cost": "1.1",
    "jit": "off",
    # a query whose client is gone must not hold its locks
    "client_connection_check_interval": "5s",
}


def server_url(sockets: Path, password: str, database: str = DATABASE) -> str:
    """Return the URL that asyncpg and libpq understand."""
    return (
        f"postgresql://{ROLE}:{quote(password)}@/{database}?host={quote(str(sockets))}&port={PORT}"
    )


def initialise(programs: Path, home: Path, password: str, user: ServerUser | None) -> None:
    """Create the cluster in a temporary folder, then rename it: an incomplete one is never used."""
    home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    scratch = make_private(Path(tempfile.mkdtemp(prefix=f".{home.name}-", dir=home.parent)), user)
    cluster, secret = scratch / "cluster", scratch / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if user is not None:
        os.chown(secret, user.uid, user.gid)
    command = [str(programs / "initdb"), "-D", str(cluster), "-U", ROLE, f"--pwfile={secret}"]
    command += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    initdb = Child(
        name="initdb", command=tuple(command), log=scratch / "log", user=user, cwd=Path("/")
    )
    try:
        if initdb.run() != 0:
            raise EmbeddedError(f"initdb {initdb.exit_text()}:\n{initdb.tail()}")
        cluster.rename(home)
    finally:
        shutil.rmtree(scratch)


def check_version(home: Path) -> None:
    """Refuse the data of another major version."""
    version = (home / "PG_VERSION").read_text().strip()
    if version != str(POSTGRES_MAJOR):
        raise EmbeddedError(
            f"{home} holds data of PostgreSQL {version}, the embedded server is {POSTGRES_MAJOR}: "
            "dump it with the old version (pg_dump) and restore into a new --data-dir"
        )


def clear_stale_pid(home: Path) -> None:
    """Stop a server left by a killed supervisor; remove a PID file that names another process.

    The PID file of a dead process stays: PostgreSQL reads it to see whether old backends still
    live.
    """
    pid_file = home / "postmaster.pid"
    if stop_orphan(pid_file, home, signal.SIGINT) or not pid_file.exists():
        return
    first = pid_file.read_text().split("\n", 1)[0].strip()
    if not first.isdigit() or Path(f"/proc/{first}").exists():
        pid_file.unlink()


async def _query(url: str, statement: str) -> str | None:
    connection = await asyncpg.connect(url, timeout=5.0)
    try:
        value = await connection.fetchval(statement)
        return None if value is None else str(value)
    finally:
        await connection.close(timeout=5.0)


def query(url: str, statement: str) -> str | None:
    """Run one statement in a thread of its own, so that it also works inside a
    running event loop.
    """
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: asyncio.run(_query(url, statement))).result()


def check_reachable(url: str) -> None:
    """Raise if the caller's own server does not answer."""
    try:
        query(url, "SELECT 1")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
        raise EmbeddedError(f"the PostgreSQL given by URL does not answer: {error}") from error


def answers(url: str, home: Path) -> bool:
    """Tell whether the server behind `url` answers and works on `home`."""
    try:
        directory = query(url, "SHOW data_directory")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return False
    return directory is not None and Path(directory).resolve() == home.resolve()


def shared_buffers_mb() -> int:
    """An eighth of the memory, within bounds: the indexes of millions of entries must fit."""
    try:
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    except (ValueError, OSError):  # not available on this system
        return SHARED_BUFFERS_MIN_MB
    return min(max(memory_mb // 8, SHARED_BUFFERS_MIN_MB), SHARED_BUFFERS_MAX_MB)


def prepare(data: DataDir, user: ServerUser | None) -> Child:
    """Prepare programs, cluster and command line; the child is not started."""
    programs = postgres_programs(user)
    home = data.settle("postgres", user)
    if not home.exists():
        initialise(programs, home, data.secret("postgres"), user)
    check_version(home)
    clear_stale_pid(home)
    sockets = data.socket_folder(user)
    settings = {
        **SETTINGS,
        "shared_buffers": f"{shared_buffers_mb()}MB",
        "unix_socket_directories": str(sockets),
        "port": str(PORT),
    }
    options = [word for item in settings.items() for word in ("-c", "=".join(item))]
    return Child(
        name="postgres",
        command=(str(programs / "postgres"), "-D", str(home), *options),
        log=data.logs / "postgres.log",
        user=user,
        cwd=Path("/"),
        death_signal=signal.SIGINT,
        stop_signals=((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0)),
    )


def start(data: DataDir, user: ServerUser | None) -> tuple[Child, str]:
    """Start PostgreSQL on `data`; returns the child and the URL of its database."""
    child = prepare(data, user)
    home, password, sockets = (
        data.home("postgres"),
        data.secret("postgres"),
        data.socket_folder(user),
    )
    maintenance = server_url(sockets, password, "postgres")
    exists = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"  # noqa: S608 - a constant
    child.ready = lambda: answers(maintenance, home)
    try:
        child.start()
        child.wait_ready(RECOVERY_LIMIT_S)
        if query(maintenance, exists) is None:
            query(maintenance, f"CREATE DATABASE {DATABASE}")
    except BaseException:
        child.stop()
        raise
    return child, server_url(sockets, password)
