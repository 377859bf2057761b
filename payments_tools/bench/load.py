"""A cheap load generator: raw sockets with keep-alive, one request per socket at a time.

It runs in its own process on the same machine, and its cost is part of the figures.
"""

import asyncio
import sys
import time
from collections import Counter
from typing import Any, Final

import msgspec
import uvloop

from payments.kernel.clock import monotonic_s
from payments_tools.bench.sample import percentile

_END_OF_HEAD: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to send: `requests` are whole HTTP requests, sent in turn until `seconds` are over."""

    host: str
    port: int
    connections: int
    seconds: float
    requests: list[bytes]
    mark: str = ""
    """Text of the requests that a new number of the same length replaces each time."""
    first: int = 0
    """The first of these numbers."""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: answers by status, latencies in milliseconds."""

    answers: dict[int, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    last_answer_at_s: float
    """By the monotonic clock, which all processes of a machine share."""
    cpu_s: float
    """What sending and receiving cost this process."""

    @property
    def per_second(self) -> float:
        """Answers a second, whatever their status."""
        return sum(self.answers.values()) / self.seconds


class _Connection(asyncio.Protocol):
    def __init__(self, load: "_Load") -> None:
        self._load = load
        self._buffer = b""
        self._sent_at_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]
        self._send()

    def _send(self) -> None:
        request = self._load.next_request()
        if self._transport is None or request is None:
            self._load.leave()
            return
        self._sent_at_s = monotonic_s()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        head = self._buffer.find(_END_OF_HEAD)
        if head < 0:
            return
        lowered = self._buffer[:head].lower()
        at = lowered.find(_LENGTH)
        length = int(lowered[at + len(_LENGTH) :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < head + len(_END_OF_HEAD) + length:
            return
        self._load.took(int(self._buffer[9:12]), self._sent_at_s)
        self._buffer = b""
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self._load.is_over():
            self._load.took(0, self._sent_at_s)
            self._load.leave()


class _Load:
    def __init__(self, job: Job) -> None:
        self._job = job
        self._next = 0
        self._mark = job.mark.encode()
        self._until = monotonic_s() + job.seconds
        self._living = job.connections
        self._latencies: list[float] = []
        self._answers: Counter[int] = Counter()
        self._last_answer_at_s = 0.0
        self.ended = asyncio.Event()

    def is_over(self) -> bool:
        return monotonic_s() >= self._until

    def next_request(self) -> bytes | None:
        if self.is_over():
            return None
        self._next += 1
        request = self._job.requests[self._next % len(self._job.requests)]
        if not self._mark:
            return request
        number = b"%0*d" % (len(self._mark), self._job.first + self._next)
        return request.replace(self._mark, number, 1)

    def took(self, status: int, since_s: float) -> None:
        self._last_answer_at_s = monotonic_s()
        self._answers[status] += 1
        self._latencies.append(self._last_answer_at_s - since_s)

    def leave(self) -> None:
        self._living -= 1
        if self._living <= 0:
            self.ended.set()

    def result(self, seconds: float, cpu_s: float) -> Result:
        ordered = sorted(self._latencies) or [0.0]
        return Result(
            answers=dict(self._answers),
            seconds=seconds,
            p50_ms=percentile(ordered, 50) * 1000,
            p99_ms=percentile(ordered, 99) * 1000,
            max_ms=ordered[-1] * 1000,
            last_answer_at_s=self._last_answer_at_s,
            cpu_s=cpu_s,
        )


async def run(job: Job) -> Result:
    """Send until the time is over."""
    loop = asyncio.get_running_loop()
    load = _Load(job)
    started, cpu_before_s = monotonic_s(), time.process_time()
    made = [
        await loop.create_connection(lambda: _Connection(load), job.host, job.port)
        for _ in range(job.connections)
    ]
    await load.ended.wait()
    seconds, cpu_s = monotonic_s() - started, time.process_time() - cpu_before_s
    for transport, _ in made:
        transport.abort()
    return load.result(seconds, cpu_s)


async def run_apart(job: Job) -> Result:
    """The same in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "payments_tools.bench.load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(msgspec.msgpack.encode(job))
    return msgspec.msgpack.decode(out, type=Result)


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A whole POST request with a JSON body."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _END_OF_HEAD + body


def main() -> None:
    """Read a job from standard input, write its result to standard output."""
    job: Any = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.msgpack.encode(uvloop.run(run(job))))


if __name__ == "__main__":
    main()
