"""Runs a role and samples its main thread's stack to measure CPU time by stage.

    python -m payments_tools.bench.sampled <file> <role>

A CPU timer interrupts it 500 times per second of work; SIGUSR1 writes the counts to the file and
resets them. Time in C counts for the Python function that called it.
"""

import os
import runpy
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import msgspec

EVERY_S: Final = 0.002
_LOOP: Final = "event loop: sockets, tasks"
_STAGES: Final = (
    ("payments.http.access_log", "access log, metrics"),
    ("payments.http.metrics", "access log, metrics"),
    ("payments.operations.metrics", "access log, metrics"),
    ("prometheus_client", "access log, metrics"),
    ("payments.http.auth", "API key"),
    ("payments.apikeys", "API key"),
    ("payments.operations.envelope", "intent: encode, digest, decode"),
    ("payments.operations.results", "waiting for outcomes"),
    ("payments.operations.finish", "outcomes to those who wait"),
    ("payments.operations.record", "rows beside the ledger"),
    ("payments.ledger", "ledger: balances, entries"),
    ("payments.operations.submit", "submit"),
    ("payments.operations.apply", "batch: read, decide, write"),
    ("payments.operations.batch", "batch: read, decide, write"),
    ("payments.operations", "submit"),
    ("payments.entrypoints", _LOOP),
    ("payments.http", "routes: body, intent, answer"),
    ("payments", "rules and routes of the capability"),
    ("streams", "stream: XADD, XREADGROUP, acks"),
    ("redis", "stream: XADD, XREADGROUP, acks"),
    ("asyncpg", "PostgreSQL client"),
    ("sqlalchemy", "PostgreSQL client"),
    ("litestar", "Litestar: routing, parameters, response"),
    ("asyncio.runners", _LOOP),
    ("uvicorn", "uvicorn: HTTP in and out"),
)


def stage_of(frame: FrameType | None) -> str:
    """The stage of the innermost function that has one."""
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("payments.kernel"):  # ids, time, money: whoever asked for them
            frame = frame.f_back
            continue
        for prefix, stage in _STAGES:
            if module == prefix or module.startswith(f"{prefix}."):
                return stage
        frame = frame.f_back
    return _LOOP


def main() -> None:
    """Run the role; SIGTERM ends it as it always does."""
    out, role = Path(sys.argv[1]), sys.argv[2]
    counts: Counter[str] = Counter()

    def tick(_number: int, frame: FrameType | None) -> None:
        counts[stage_of(frame)] += 1

    def tell(_number: int, _frame: FrameType | None) -> None:
        unfinished = out.with_suffix(".part")
        unfinished.write_bytes(msgspec.json.encode(counts))
        unfinished.replace(out)
        counts.clear()

    signal.signal(signal.SIGPROF, tick)
    signal.signal(signal.SIGUSR1, tell)
    signal.signal(signal.SIGTERM, _leave)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    sys.argv = ["payments", role]
    runpy.run_module("payments", run_name="__main__")


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """When uvicorn has shut down and repeats the signal it was ended by."""
    os._exit(0)


if __name__ == "__main__":
    main()
