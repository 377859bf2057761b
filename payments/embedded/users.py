"""The user that runs the servers: ourselves, or an unprivileged account when we are root."""

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CANDIDATES: Final = ("postgres", "nobody")
SHARED_PLACES: Final = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - a folder in it is made 0755 by root
SHARED_NAME: Final = "payments-embedded"


@dataclass(frozen=True)
class ServerUser:
    """An unprivileged account that root uses for the servers."""

    name: str
    uid: int
    gid: int

    def can_enter(self, path: Path) -> bool:
        """Tell whether this user may pass through (or run) `path`, every parent included."""
        done = subprocess.run(
            ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)],
            user=self.uid,
            group=self.gid,
            extra_groups=[self.gid],
            cwd="/",
            check=False,
        )
        return done.returncode == 0


def pick_user(owned: Path | None = None) -> ServerUser | None:
    """Return who runs the servers: None for ourselves, else the owner of `owned`, or a candidate.

    PostgreSQL refuses to run as root, and Redis has no need to. Data that somebody already owns
    stays with that user, whatever accounts exist today.
    """
    if os.geteuid() != 0:
        return None
    if owned is not None and owned.exists() and owned.stat().st_uid != 0:
        status = owned.stat()
        return ServerUser(_name(status.st_uid), status.st_uid, status.st_gid)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return ServerUser(name, entry.pw_uid, entry.pw_gid)
    return ServerUser("65534", 65534, 65534)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def shared_place(user: ServerUser) -> Path:
    """Return a folder of root's that `user` can reach, for files it could not reach elsewhere."""
    for parent in SHARED_PLACES:
        if parent.is_dir() and os.access(parent, os.W_OK) and user.can_enter(parent):
            folder = parent / SHARED_NAME
            folder.mkdir(mode=0o755, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid != 0:
                continue  # created by another user: unsafe for programs that we run
            folder.chmod(0o755)
            return folder
    raise PermissionError(f"no folder that the user {user.name} can reach: tried {SHARED_PLACES}")


def make_private(folder: Path, user: ServerUser | None) -> Path:
    """Create a folder that only the servers' user can enter."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if user is not None:
        os.chown(folder, user.uid, user.gid)
    return folder


def reachable_copy(folders: tuple[Path, ...], root: Path, user: ServerUser, label: str) -> Path:
    """Copy `folders`, all below `root`, to a place that `user` can reach; returns the new root.

    Done once per label (name and version), into a temporary folder first, so that an interrupted
    copy is never used.
    """
    place = shared_place(user)
    target = place / label
    if target.is_dir():
        return target
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        for folder in folders:
            shutil.copytree(folder, Path(scratch, "copy", folder.relative_to(root)), symlinks=True)
        copy = Path(scratch, "copy")
        copy.chmod(0o755)
        for each in (p for p in copy.rglob("*") if not p.is_symlink()):
            each.chmod(0o755 if each.is_dir() or os.access(each, os.X_OK) else 0o644)
        try:
            copy.rename(target)
        except OSError:
            if not target.is_dir():  # another start was faster, with the same files
                raise
    return target
