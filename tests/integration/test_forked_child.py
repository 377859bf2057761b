"""A child that is a fork: its streams, its end, and what it must not keep of its parent."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from payments.embedded.fork import ForkedChild
from payments.embedded.process import Child, EmbeddedError
from payments.embedded.stop_requests import STOPPING, record_stop_signals
from payments.embedded.users import ServerUser
from payments.entrypoints.up_children import output_of


def child(folder: Path, work: Callable[[], object], **env: str) -> ForkedChild:
    return ForkedChild(
        name="child", command=("payments", "child"), log=folder / "child.log", env=env, work=work
    )


def test_output_and_errors_are_apart_and_no_output_stays(tmp_path: Path) -> None:
    def work() -> None:
        sys.stdout.write("a secret\n")
        sys.stderr.write("a warning\n")

    running = child(tmp_path, work)
    assert output_of(running) == "a secret\n"
    assert [file.name for file in tmp_path.iterdir()] == ["child.err"]


@pytest.mark.parametrize(
    ("end", "text"), [(SystemExit(3), "exited with 3"), (ValueError("why"), "exited with 1")]
)
def test_a_failure_is_told_with_what_it_wrote(
    tmp_path: Path, end: BaseException, text: str
) -> None:
    def work() -> None:
        raise end

    running = child(tmp_path, work)
    with pytest.raises(EmbeddedError, match="payments child failed"):
        output_of(running)
    assert running.exit_text() == text


def test_it_has_its_own_environment_arguments_and_no_descriptor_of_ours(tmp_path: Path) -> None:
    held = os.open(tmp_path / "lock", os.O_CREAT | os.O_RDWR)

    def work() -> None:
        is_open = Path(f"/proc/self/fd/{held}").exists()
        sys.stdout.write(f"{dict(os.environ)} {sys.argv} {is_open}")

    assert output_of(child(tmp_path, work, A="1")) == "{'A': '1'} ['payments', 'child'] False"
    os.close(held)


def test_it_is_stopped_by_the_signal_and_in_a_group_of_its_own(tmp_path: Path) -> None:
    running = child(tmp_path, signal.pause)
    running.start()
    assert os.getpgid(running.pid) == running.pid
    assert running.running()
    running.stop()
    assert running.exit_text() == "was ended by SIGTERM"


@pytest.fixture
def recording() -> Iterator[None]:
    """Stop signals are recorded, as in `payments up`."""
    before = {number: signal.getsignal(number) for number in STOPPING}
    record_stop_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("recording")
def test_a_signal_right_after_the_fork_ends_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our handlers are still its own then, and would only record it."""
    fork = os.fork

    def signalled() -> int:
        pid = fork()
        if pid:
            os.kill(pid, signal.SIGTERM)
        else:
            until = time.monotonic() + 5
            while signal.SIGTERM not in signal.sigpending() and time.monotonic() < until:
                time.sleep(0.001)
        return pid

    running = child(tmp_path, signal.pause)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fork", signalled)
        running.start()
    assert running.process is not None
    try:
        assert running.process.wait(20) == -signal.SIGTERM
    finally:
        running.kill()


def test_it_cannot_be_another_user(tmp_path: Path) -> None:
    running = child(tmp_path, signal.pause)
    running.user = ServerUser("nobody", 65534, 65534)
    with pytest.raises(EmbeddedError, match="keeps its user"):
        running.start()
    assert isinstance(running, Child)
