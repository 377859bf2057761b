"""One child process: its own process group and log file; it ends together with us."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from payments.embedded.stop_requests import pause
from payments.embedded.users import ServerUser

LAUNCH: Final = Path(__file__).with_name("launch.py")
LOG_LIMIT_BYTES: Final = 16 * 1024 * 1024
POLL_S: Final = 0.02
RETRY_S: Final = 0.2


class EmbeddedError(Exception):
    """The embedded servers cannot do what was requested; the message is for people."""


class StartError(EmbeddedError):
    """A child did not start."""


def launch_command(
    command: Iterable[str], user: ServerUser | None, death_signal: signal.Signals = signal.SIGKILL
) -> list[str]:
    """Return the command line that runs `command` as `user`, ended with this process."""
    uid, gid = (user.uid, user.gid) if user else (-1, -1)
    identity = [str(os.getpid()), str(death_signal.value), str(uid), str(gid)]
    return [sys.executable, "-I", "-S", str(LAUNCH), *identity, *command]


@dataclass(kw_only=True)
class Child:
    """A process we start, watch and stop.

    `stop_signals` are tried in order, each with its grace period in seconds. `ready` says whether
    the process serves; without it, running is enough. `errors`: where stderr goes; None: to `log`.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    errors: Path | None = None
    env: Mapping[str, str] | None = None
    user: ServerUser | None = None
    cwd: Path | None = None
    death_signal: signal.Signals = signal.SIGKILL
    stop_signals: tuple[tuple[signal.Signals, float], ...] = ((signal.SIGTERM, 10.0),)
    ready: Callable[[], bool] | None = None
    started_at_s: float = 0.0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Start the process. Only from the main thread: the death signal depends on the thread."""
        self.check_thread()
        rotate(self.log)
        with self.log.open("ab") as log, (self.errors or self.log).open("ab") as errors:
            self.process = subprocess.Popen(
                launch_command(self.command, self.user, self.death_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                env=None if self.env is None else dict(self.env),
                cwd=self.cwd,
                process_group=0,
            )
        self.started_at_s = time.monotonic()

    def check_thread(self) -> None:
        """Raise when the caller is another thread than the main one."""
        if threading.current_thread() is not threading.main_thread():
            # PR_SET_PDEATHSIG fires when the *thread* that forked ends; only the main one lasts.
            raise EmbeddedError(f"{self.name} must be started from the main thread")

    def wait_ready(self, deadline_s: float) -> None:
        """Wait until it serves; raises StartError when it ends before that, or on timeout."""
        wait_until(self.ready or self.running, self, deadline_s)

    def revive(self, deadline_s: float = 60.0) -> None:
        """Start it again and wait until it serves, retrying while it ends at once.

        PostgreSQL does so while backends of a killed server still live.
        """
        until = time.monotonic() + deadline_s
        while True:
            self.start()
            try:
                self.wait_ready(until - time.monotonic())
            except StartError:
                if self.running() or time.monotonic() > until:
                    raise
                pause(RETRY_S)
            else:
                return

    def run(self) -> int:
        """Start it and wait for its end; returns the exit code, negative for a signal."""
        self.start()
        assert self.process is not None
        try:
            while self.running():
                pause(POLL_S)
        finally:
            self.kill()
        return self.process.returncode

    @property
    def pid(self) -> int:
        """The process id of the running child."""
        if self.process is None:
            raise EmbeddedError(f"{self.name} was not started")
        return self.process.pid

    def running(self) -> bool:
        """Tell whether the process lives; collects it when it ended."""
        return self.process is not None and self.process.poll() is None

    def exit_text(self) -> str:
        """Say how the process ended."""
        code = self.process.returncode if self.process else None
        if code is None:
            return "did not run"
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"

    def request_stop(self) -> None:
        """Send the first stop signal and return at once."""
        if self.running() and self.process is not None:
            self.process.send_signal(self.stop_signals[0][0])

    def stop(self) -> None:
        """Stop the process with each stop signal in turn, then SIGKILL to the whole group."""
        for number, grace_s in self.stop_signals:
            if not self.running() or self.process is None:
                break
            self.process.send_signal(number)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                continue
        self.kill()

    def kill(self) -> None:
        """SIGKILL the process group and collect the child."""
        if self.process is None:
            return
        # the group may be gone; macOS says EPERM for a zombie
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def tail(self, lines: int = 15) -> str:
        """Return the end of the log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def rotate(log: Path) -> None:
    """Keep one older generation of a log that has grown large."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_name(log.name + ".1"))


def stop_all(children: Iterable[Child]) -> None:
    """Stop several children in parallel."""
    listed = list(children)
    for child in listed:
        child.request_stop()
    for child in listed:
        child.stop()


def wait_until(ready: Callable[[], bool], child: Child, deadline_s: float) -> None:
    """Poll `ready` until it holds; raises StartError when the child ends or the time is up."""
    until = time.monotonic() + deadline_s
    while not ready():
        if not child.running():
            raise StartError(f"{child.name} {child.exit_text()} while starting:\n{child.tail()}")
        if time.monotonic() > until:
            raise StartError(f"{child.name} is not ready after {deadline_s:.0f} s:\n{child.tail()}")
        pause(POLL_S)


def working_directory(pid: int) -> Path | None:
    """Return a process's working directory, which proves that a PID is still our server. Linux
    only.
    """
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def alive(pid: int) -> bool:
    """Tell whether a process has this id, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def stop_orphan(pid_file: Path, home: Path, number: signal.Signals, grace_s: float = 60.0) -> bool:
    """Stop the server that a killed supervisor left on `home`; returns True if there was one.

    A PID alone proves nothing (after a reboot it may be any process), so it must work in `home`.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, ValueError, IndexError):
        return False

    def at_work() -> bool:  # a zombie nobody collects has no directory any more
        return alive(pid) and working_directory(pid) == home.resolve()

    if not at_work():
        return False
    os.kill(pid, number)
    until = time.monotonic() + grace_s
    while at_work():
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
        pause(POLL_S)
    return True
