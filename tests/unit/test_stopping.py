"""A signal inside a callback of a weak reference, where what a handler raises is lost."""

import signal
import subprocess
import sys

import pytest

SIGNALLED_IN_A_CALLBACK = """
import os, signal, sys, weakref
from payments.entrypoints.stopping import StopRequestedError, StopSignals, stop_cleanly

class Thing:
    pass

def signalled(_reference):
    os.kill(os.getpid(), int(sys.argv[2]))
    sum(range(1000))

if sys.argv[1] == "role":
    stop_cleanly()
    check = lambda: sys.exit("the role goes on")
else:
    check = StopSignals().check
thing = Thing()
reference = weakref.ref(thing, signalled)
del thing
try:
    check()
except StopRequestedError as stop:
    sys.exit(f"stopped by {stop}")
"""


def run(kind: str, number: signal.Signals) -> tuple[int, str]:
    """The exit status and the last line of a process that is signalled so."""
    ended = subprocess.run(
        [sys.executable, "-c", SIGNALLED_IN_A_CALLBACK, kind, str(number.value)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ended.returncode, (ended.stderr.splitlines() or [""])[-1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_role_leaves(number: signal.Signals) -> None:
    assert run("role", number) == (0, "")


def test_up_stops_at_its_next_check() -> None:
    assert run("up", signal.SIGHUP) == (1, "stopped by SIGHUP")
