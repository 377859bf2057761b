"""The supervisor: a child that dies again and again is started more and more slowly."""

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from payments.embedded.process import Child, StartError
from payments.embedded.supervisor import LONGEST_DELAY_S, Supervisor

LIVES = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)"
)


@dataclass
class FakeClock:
    """Seconds that pass when we say so."""

    now_s: float = 1_000_000.0

    def __call__(self) -> float:
        """Read the clock."""
        return self.now_s


def python(tmp_path: Path, code: str, **options: object) -> Child:
    """Return a child that runs some Python."""
    log = tmp_path / "child.log"
    command = (sys.executable, "-c", code)
    return Child(name="child", command=command, log=log, **options)  # type: ignore[arg-type]


def die(child: Child) -> None:
    """End the child and collect it."""
    child.kill()
    assert not child.running()


def test_delays_double_up_to_a_limit_and_start_over_after_a_long_life(tmp_path: Path) -> None:
    said: list[str] = []
    clock = FakeClock()
    supervisor = Supervisor(said.append, clock)
    child = python(tmp_path, LIVES)
    supervisor.add(child)
    delays = []
    try:
        for _ in range(8):
            child.started_at_s = clock.now_s  # a short life
            die(child)
            supervisor.tick()
            delays.append(float(said[-1].split("again in ")[1].split(" ")[0]))
            supervisor.tick()
            assert not child.running(), "started before its time"
            clock.now_s += delays[-1]
            supervisor.tick()
            assert child.running()
        assert delays == [0.5, 1, 2, 4, 8, 16, LONGEST_DELAY_S, LONGEST_DELAY_S]
        child.started_at_s = clock.now_s - 61.0  # a long life
        die(child)
        supervisor.tick()
        assert "again in 0.5 s" in said[-1]
    finally:
        child.kill()


def test_a_child_that_ignores_the_stop_signal_is_killed(tmp_path: Path) -> None:
    child = python(tmp_path, STUBBORN, stop_signals=((signal.SIGTERM, 0.3),))
    child.start()
    child.ready = lambda: "up" in child.tail()
    child.wait_ready(10.0)
    child.stop()
    assert child.exit_text() == "was ended by SIGKILL"


def test_a_child_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    child = python(tmp_path, "raise SystemExit('no disk')")
    child.ready = lambda: False
    child.start()
    with pytest.raises(StartError, match="no disk"):
        child.wait_ready(10.0)
