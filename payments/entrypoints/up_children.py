"""The processes of `payments up`, forks of itself on Linux; and the parts of a start, timed."""

import importlib
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGTERM
from typing import Final

from payments.embedded.fork import ForkedChild
from payments.embedded.process import Child, EmbeddedError
from payments.embedded.stop_requests import stop_requested

_SHARED: Final = (
    "payments.entrypoints.cli",
    "migrations.run",
    "payments.entrypoints.api",
    "payments.entrypoints.consumer",
    "payments.entrypoints.executor",
    "payments.entrypoints.scheduler",
    "payments.entrypoints.deciding",
    "payments.entrypoints.doctor",
    "payments.entrypoints.explained",
    "payments.entrypoints.waiting",
    "payments_tools.simulator",
    "payments_tools.commands.seed",
)
"""What the children import, imported once before they are forked."""


class Imports:
    """Imports what the children need while the servers start: those are other processes."""

    def __init__(self) -> None:
        """Begins at once."""
        self._thread = threading.Thread(target=self._run, name="imports", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for name in _SHARED:
            if stop_requested():
                return
            # what is not installed is no child either; any other fault shows in the child's log
            with suppress(ImportError):
                importlib.import_module(name)

    def wait(self) -> None:
        """Wait for the end: nobody forks while a thread runs."""
        self._thread.join()


class Timings:
    """How many seconds each part of a start took."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what happens inside."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - began_s

    def lines(self) -> list[str]:
        """A line for each part and one for the sum."""
        rows = [*self.parts.items(), ("all", sum(self.parts.values()))]
        return [f"{name:<22} {seconds:5.1f} s" for name, seconds in rows]


def new_child(
    words: tuple[str, ...], log: Path, env: Mapping[str, str], grace_s: float = 15.0
) -> Child:
    """A child that runs one of our own commands; it is not started yet."""
    signals = ((SIGTERM, grace_s),)
    if sys.platform != "linux":
        return Child(
            name=words[0],
            command=(sys.executable, "-m", "payments", *words),
            log=log,
            env=env,
            stop_signals=signals,
        )
    return ForkedChild(
        name=words[0],
        command=("payments", *words),
        log=log,
        env=env,
        stop_signals=signals,
        work=_command,
    )


def _command() -> None:
    importlib.import_module("payments.entrypoints.cli").main()


def output_of(child: Child) -> str:
    """Run a child to its end; what it wrote to stdout. Raises EmbeddedError when it fails."""
    child.errors = child.log.with_suffix(".err")
    for file in (child.log, child.errors):
        file.unlink(missing_ok=True)
    code = child.run()
    output, errors = (f.read_text(errors="replace") for f in (child.log, child.errors))
    child.log.unlink()  # a command prints secrets once, and never into a file that stays
    if code != 0:
        raise EmbeddedError(f"payments {child.name} failed:\n{output}{errors}".rstrip())
    return output
