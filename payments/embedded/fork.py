"""A child that is a fork of this process: what is imported here is imported there.

Starting an interpreter and importing the product takes a second or two of CPU for each role; a
fork has both already. Only for our own Python code, and only while no other thread runs.
"""

import gc
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn, cast

from payments.embedded.launch import die_with, set_name
from payments.embedded.process import Child, EmbeddedError, rotate
from payments.embedded.stop_requests import STOPPING

_WAIT_STEP_S: Final = 0.01
_FIRST_OTHER_FD: Final = 3


class ForkedProcess:
    """The part of `subprocess.Popen` that `Child` uses, for a fork."""

    def __init__(self, pid: int) -> None:
        """`pid`: of a child of this process."""
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises subprocess.TimeoutExpired."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
            time.sleep(_WAIT_STEP_S)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


@dataclass(kw_only=True)
class ForkedChild(Child):
    """A child that runs a function; `command` is what the function is, for messages."""

    work: Callable[[], object] = field(repr=False)
    """It ends by returning or with SystemExit."""

    def start(self) -> None:
        """Fork. Only from the main thread: the death signal depends on the thread."""
        self.check_thread()
        if self.user is not None or self.env is None:
            raise EmbeddedError(f"{self.name}: a fork keeps its user and needs an environment")
        rotate(self.log)
        sys.stdout.flush()
        sys.stderr.flush()
        gc.freeze()  # the collector of a child leaves what it shares with us alone
        parent = os.getpid()
        # A signal to the child waits until our handlers are not its own any more.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            pid = os.fork()
            if pid == 0:
                self._be_child(parent)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        with suppress(OSError):  # the child does it too; whoever comes first
            os.setpgid(pid, pid)
        self.process = cast("subprocess.Popen[bytes]", ForkedProcess(pid))
        self.started_at_s = time.monotonic()

    def _be_child(self, parent: int) -> NoReturn:
        """Everything that the child does; never returns into the frames of the parent."""
        code = 1
        try:
            self._leave_parent(parent)
            self.work()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001 - whatever it is, the log gets it and the child ends
            traceback.print_exc()
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _leave_parent(self, parent: int) -> None:
        os.setpgid(0, 0)
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        _redirect(self.log, self.errors or self.log)
        os.closerange(_FIRST_OTHER_FD, os.sysconf("SC_OPEN_MAX"))  # the lock of the data directory
        die_with(parent, self.death_signal.value)
        set_name(f"pay-{self.name}")
        os.environ.clear()
        os.environ.update(self.env or {})
        sys.argv = list(self.command)
        if self.cwd is not None:
            os.chdir(self.cwd)


def _redirect(log: Path, errors: Path) -> None:
    """Standard input from nothing, output and errors into files, line by line."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    targets = os.open(log, flags, 0o644), os.open(errors, flags, 0o644)
    for source, number in ((nothing, 0), (targets[0], 1), (targets[1], 2)):
        os.dup2(source, number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", closefd=False)  # noqa: SIM115
