"""The data directory of `payments up`: its lock, its secrets, and its servers' files."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from payments.embedded.process import EmbeddedError
from payments.embedded.users import ServerUser, make_private, shared_place

SOCKET_PATH_LIMIT_BYTES: Final = 100
"""The kernel's limit is 107 (Linux) or 103 (macOS)."""

SOCKET_NAME_BYTES: Final = len("/.s.PGSQL.5432.lock")
TEMPORARY_PREFIX: Final = "payments-"


class DataDirBusyError(EmbeddedError):
    """Another `payments up` uses this data directory."""


class DataDir:
    """A folder for one set of servers. Use it as a context manager to hold its lock.

    The lock is an flock: it ends with its process, however that ended, so there is no stale lock to
    clean up. The PID in the lock file is for people only.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.logs = self.path / "logs"
        self.state = self.path / "servers.json"
        self._lock_file = self.path / "lock"
        self._lock: int | None = None
        self._sockets: Path | None = None

    def __enter__(self) -> Self:
        """Make the folder when it is new, and lock it."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self.logs.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise EmbeddedError(f"the data directory {self.path} is not ours: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self.holder() or "unknown"
            self.__exit__(None, None, None)
            raise DataDirBusyError(
                f"the data directory {self.path} is in use by a running payments process (pid "
                f"{owner}): stop it first, or choose another --data-dir"
            ) from None
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Release the lock."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def holder(self) -> str | None:
        """Return the PID of the process that holds (or last held) the lock."""
        with contextlib.suppress(OSError):
            return self._lock_file.read_text().strip() or None
        return None

    def locked(self) -> bool:
        """Tell whether some process holds the lock now."""
        try:
            probe = os.open(self._lock_file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(probe)
        return False

    def write_private(self, name: str, content: Mapping[str, object]) -> None:
        """Write a JSON file that only we can read, atomically."""
        handle, scratch = tempfile.mkstemp(dir=self.path)  # mkstemp makes it 0600
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(scratch).replace(self.path / name)

    def read_private(self, name: str) -> dict[str, str]:
        """Read such a file; empty if it does not exist."""
        try:
            content = json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return {}
        return {str(key): str(value) for key, value in content.items()}

    def secret(self, name: str) -> str:
        """Return the secret `name` of this data directory, created at its first use."""
        values = self.read_private("secrets.json")
        if name not in values:
            values[name] = secrets.token_urlsafe(32)
            self.write_private("secrets.json", values)
        return values[name]

    def open_to(self, user: ServerUser | None) -> None:
        """Keep the folder private, but let the servers' user pass through it."""
        if user is None:
            self.path.chmod(0o700)
            return
        os.chown(self.path, -1, user.gid)
        self.path.chmod(0o710)

    def home(self, name: str) -> Path:
        """Return where the server `name` keeps its data: inside, or where `homes.json` says."""
        return Path(self.read_private("homes.json").get(name) or self.path / name)

    def settle(self, name: str, user: ServerUser | None) -> Path:
        """Choose and record a home for the data of a new server that `user` can reach.

        It is inside, unless permissions of root's own folders prevent that; then it is outside and
        recorded, so that the next start finds the same data.
        """
        home = self.home(name)
        if user is None or home.exists() or user.can_enter(self.path):
            return home
        token = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:8] + secrets.token_hex(4)
        home = shared_place(user) / f"data-{token}" / name
        home.parent.mkdir(mode=0o755)
        self.write_private("homes.json", {**self.read_private("homes.json"), name: str(home)})
        return home

    def socket_folder(self, user: ServerUser | None) -> Path:
        """Return a private folder for sockets, with a path short enough for the kernel."""
        if self._sockets is None:
            self._sockets = self._make_socket_folder(user)
        return self._sockets

    def _make_socket_folder(self, user: ServerUser | None) -> Path:
        inside = self.path / "run"
        short = len(os.fsencode(inside)) + SOCKET_NAME_BYTES <= SOCKET_PATH_LIMIT_BYTES
        if short and (user is None or user.can_enter(self.path)):
            return make_private(inside, user)
        self.drop_socket_folder()
        folder = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir="/tmp"))
        self.write_private("sockets.json", {"folder": str(folder)})
        return make_private(folder, user)

    def drop_socket_folder(self) -> None:
        """Remove the folder that an earlier start created outside."""
        folder = self.read_private("sockets.json").get("folder")
        if folder and Path(folder).name.startswith(TEMPORARY_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)
            (self.path / "sockets.json").unlink(missing_ok=True)

    def erase(self) -> None:
        """Remove the folder and everything its servers keep outside it. For
        tests and benchmarks.
        """
        self.drop_socket_folder()
        for home in self.read_private("homes.json").values():
            shutil.rmtree(Path(home).parent, ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)
