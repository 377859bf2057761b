"""Becomes a server: drops privileges, asks the kernel to end us with our parent, then execs.

Run as a script, `python -I -S launch.py PARENT SIGNAL UID GID COMMAND...`, between fork and exec of
every child. A separate program instead of a `preexec_fn`: nothing runs in a forked copy of a
threaded parent, and the death signal is requested after the change of user, which would clear it.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""

PR_SET_NAME = 15
"""From linux/prctl.h; 15 bytes are kept."""

KEEP_USER = -1
"""Given as UID: do not change the user."""


def become(uid: int, gid: int) -> None:
    """Give up root permanently; the supplementary groups first, while that is still allowed."""
    if uid == KEEP_USER:
        return
    os.setgroups([gid])
    os.setgid(gid)
    os.setuid(uid)


def die_with(parent: int, number: int) -> None:
    """Have the kernel send us `number` when the parent ends, even by SIGKILL. Linux only."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:  # the parent ended before the request: no signal would come
        sys.exit(1)


def set_name(name: str) -> None:
    """What `ps -o comm` and `top` show for this process. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)


def main(parent: int, number: int, uid: int, gid: int, command: list[str]) -> None:
    """Replace this process with `command`."""
    become(uid, gid)
    die_with(parent, number)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)
    os.execvp(command[0], command)  # noqa: S606 - the command comes from our own supervisor


if __name__ == "__main__":
    PARENT, NUMBER, UID, GID = (int(word) for word in sys.argv[1:5])
    main(PARENT, NUMBER, UID, GID, sys.argv[5:])
