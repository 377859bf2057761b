"""Signals that arrive where an exception of their handler is lost, or leaves a lock taken."""

import signal
import subprocess
import sys

import pytest

SIGNALLED_IN_A_CALLBACK = """
import os, signal, sys, weakref
from payments.embedded.stop_requests import StopRequestedError, pause, record_stop_signals
from payments.entrypoints.stopping import stop_cleanly

class Thing:
    pass

def signalled(_reference):
    os.kill(os.getpid(), int(sys.argv[2]))
    sum(range(1000))

if sys.argv[1] == "role":
    stop_cleanly()
    wait = lambda _: sys.exit("the role goes on")
else:
    record_stop_signals()
    wait = pause
thing = Thing()
reference = weakref.ref(thing, signalled)
del thing
try:
    wait(0)
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


def test_up_stops_at_its_next_pause() -> None:
    assert run("up", signal.SIGHUP) == (1, "stopped by SIGHUP")


SIGNALLED_WITH_THE_IMPORT_LOCK = """
import _imp, importlib, os, signal, sys, threading
from payments.embedded.stop_requests import StopRequestedError, pause, record_stop_signals

def signalled(_frame, event, _argument):
    if event == "line" and _imp.lock_held():
        sys.settrace(None)
        os.kill(os.getpid(), signal.SIGTERM)
    return signalled

record_stop_signals()
try:
    sys.settrace(signalled)
    import colorsys
    print("imported")
    pause(0)
except StopRequestedError as stop:
    print(f"stopped by {stop}")
other = threading.Thread(target=lambda: importlib.import_module("chunk"), daemon=True)
other.start()
other.join(10)
print("another thread waits for the lock" if other.is_alive() else "another thread imported")
"""


def test_a_signal_during_an_import_leaves_no_lock_taken() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SIGNALLED_WITH_THE_IMPORT_LOCK],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stdout.splitlines() == [
        "imported",
        "stopped by SIGTERM",
        "another thread imported",
    ]
