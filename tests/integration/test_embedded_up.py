"""`payments up`: starts all, stops all, restarts what dies, leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from payments.embedded import postgres
from payments.embedded.datadir import DataDir
from payments.embedded.servers import connection_urls
from tests.fixtures.servers import temporary_data_dir

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.faults]

DEADLINE_S = 50.0
ROOT = Path(__file__).parents[2]
OPEN_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith("PAYMENTS_")
}


class Run:
    """One `payments up` with the stand-in roles, and its output."""

    started: ClassVar[list["Run"]] = []
    """Of the running test; its fixture ends those that the test has left."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.output = data_dir / "up.log"
        command = [sys.executable, "-X", "faulthandler", "-m", "tests.fixtures.stub_up"]
        command += ["up", str(data_dir), *options]
        with self.output.open("w") as file:
            self.process = subprocess.Popen(
                command, stdout=file, stderr=file, cwd=ROOT, env=OPEN_ENVIRONMENT
            )
        self.started.append(self)

    def text(self) -> str:
        """What it printed so far."""
        return self.output.read_text()

    def ready(self) -> "Run":
        """Wait for the closing panel."""
        wait_for(lambda: "Ctrl-C stops" in self.text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text()
        return self

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; where every thread stands when there is none."""
        self.process.send_signal(number)
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            self.process.wait(DEADLINE_S)
            pytest.fail(f"no end after {number.name}:\n{self.text()}")


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until it holds, for the deadline at most."""
    until = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < until, "the condition did not come true"
        time.sleep(0.02)


def processes_of(data_dir: Path) -> list[str]:
    """Every living process that names the data directory in its command, settings or place."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            about = command + (entry / "environ").read_bytes().decode(errors="replace")
            about += str((entry / "cwd").readlink())
        except OSError:
            continue
        if str(data_dir) in about:
            found.append(f"{entry.name} {command}")
    return found


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory of this test; nothing may be left at work on it."""
    path = temporary_data_dir()
    yield path
    left = processes_of(path)
    for run in Run.started:
        run.process.kill()
        run.process.wait()
    Run.started.clear()
    for line in processes_of(path):
        os.kill(int(line.split()[0]), signal.SIGKILL)
    DataDir(path).erase()
    assert not left


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_every_child(data_dir: Path, number: signal.Signals) -> None:
    run = Run(data_dir).ready()
    assert len(processes_of(data_dir)) > 4
    assert run.end(number) == 0
    assert processes_of(data_dir) == []
    assert not (DataDir(data_dir).home("postgres") / "postmaster.pid").exists()


def test_a_signal_during_the_start_stops_every_child(data_dir: Path) -> None:
    run = Run(data_dir)
    wait_for(lambda: "PostgreSQL: first start" in run.text())
    assert run.end(signal.SIGTERM) == 0
    assert processes_of(data_dir) == []
    assert Run(data_dir).ready().end(signal.SIGTERM) == 0


def test_sigkill_leaves_no_orphan_and_the_next_start_works(data_dir: Path) -> None:
    run = Run(data_dir).ready()
    run.end(signal.SIGKILL)
    wait_for(lambda: processes_of(data_dir) == [])
    again = Run(data_dir).ready()
    assert again.end(signal.SIGTERM) == 0


def test_a_start_right_after_sigkill_works(data_dir: Path) -> None:
    Run(data_dir).ready().end(signal.SIGKILL)
    assert Run(data_dir).ready().end(signal.SIGTERM) == 0


def test_a_second_up_on_the_same_data_refuses(data_dir: Path) -> None:
    run = Run(data_dir).ready()
    second = subprocess.run(
        [sys.executable, "-m", "tests.fixtures.stub_up", "up", str(data_dir)],
        cwd=ROOT,
        env=OPEN_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"pid {run.process.pid}" in second.stderr
    assert run.end(signal.SIGTERM) == 0


def test_a_role_that_dies_is_started_again(data_dir: Path) -> None:
    run = Run(data_dir).ready()
    (data_dir / "die").touch()
    pids = data_dir / "consumer.pids"
    wait_for(lambda: len(pids.read_text().split()) == 2)
    assert "consumer exited with 3; starting it again in 0.5 s" in run.text()
    assert run.end(signal.SIGTERM) == 0


def test_a_server_that_dies_is_started_again(data_dir: Path) -> None:
    run = Run(data_dir).ready()
    urls = connection_urls(data_dir)
    assert urls is not None
    pid_file = DataDir(data_dir).home("postgres") / "postmaster.pid"
    os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    wait_for(lambda: "postgres was ended by SIGKILL" in run.text())
    wait_for(lambda: postgres.answers(urls.database_url, DataDir(data_dir).home("postgres")))
    assert run.end(signal.SIGTERM) == 0


def test_a_taken_port_is_refused_with_the_option_to_use(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        run = Run(data_dir, str(taken.getsockname()[1]))
        assert run.process.wait(DEADLINE_S) == 1
    assert "--port" in run.text()


def test_a_taken_default_port_gives_way_to_the_next_free_one(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        default = taken.getsockname()[1]
        run = Run(data_dir, f"default={default}").ready()
        message = re.search(rf"PORT {default} IS TAKEN: using (\d+)", run.text())
        assert message is not None
        assert int(message[1]) > default
        assert f"http://127.0.0.1:{message[1]}/api/v1/wallet/" in run.text()
        assert run.end(signal.SIGTERM) == 0


def test_demo_data_come_once(data_dir: Path) -> None:
    run = Run(data_dir).ready()
    wait_for(lambda: "demo data: loaded" in run.text())
    assert run.end(signal.SIGTERM) == 0
    assert Run(data_dir).ready().end(signal.SIGTERM) == 0
    assert (data_dir / "seeded").read_text().split() == ["organizations", "bank", "shop"]


def test_the_first_start_takes_less_than_15_seconds(data_dir: Path) -> None:
    began = time.monotonic()
    run = Run(data_dir).ready()
    assert time.monotonic() - began < 15
    assert run.end(signal.SIGTERM) == 0
