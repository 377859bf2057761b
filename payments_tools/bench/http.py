"""`payments bench http`: from the socket to the ledger, load generator on the same machine."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final

import msgspec

from payments.apikeys.writes import create_key
from payments.embedded.servers import Servers
from payments.entrypoints.ports import free_port
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect, create_engine
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments_tools.bench import baseline, ledger, shop, stages
from payments_tools.bench.cpu import cpu_seconds
from payments_tools.bench.load import Job, Result, post, run_apart
from payments_tools.bench.report import Figure, Report, machine, server_settings
from payments_tools.bench.roles import FIRST_PORT, Role, ready, roles
from payments_tools.bench.shares import apply_alone, with_shares
from payments_tools.bench.ways import CONNECTIONS, Way, all_ways
from streams import partitions
from streams.client import create_client

Say = Callable[[str], None]
_ACCOUNTS: Final = 2000
_NUMBERS: Final = 10_000_000
"""As many requests with keys of their own one measurement may send."""
_REQUESTS: Final = 4000
_WARM_S: Final = 2.0
_ROLES: Final = ("api", "consumer")


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What came back, how long the streams took to drain after the last answer, the CPU used."""

    way: Way
    result: Result
    drain_s: float
    cost: stages.Cost

    def figure(self, base: float | None) -> Figure:
        """A row of the report. Raises when an answer was not the expected one."""
        way, result = self.way, self.result
        per_second = result.per_second * way.operations
        wrong = {status: n for status, n in result.answers.items() if status != way.expected}
        if wrong:
            raise AssertionError(f"{way.name}: answers other than {way.expected}: {wrong}")
        return Figure(
            name=way.name,
            per_second=per_second,
            ratio=per_second / base if base and way.is_compared else None,
            p50_ms=result.p50_ms,
            p99_ms=result.p99_ms,
            note=f"connections: {way.connections}; drained {self.drain_s:.2f} s after the end",
        )


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The running roles and servers, and how long each way is measured."""

    servers: Servers
    port: int
    running: dict[str, Role]
    seconds: float
    samples_dir: Path | None = None
    numbers: Iterator[int]

    def take_numbers(self) -> int:
        """The first of numbers that no other request has had."""
        return next(self.numbers)

    async def measure(self, way: Way) -> Measured:
        """Warm up, let the streams drain, measure."""
        third = len(way.requests) // 3  # what must be new each time is not sent twice
        first = self.take_numbers()
        job = Job(
            host="127.0.0.1",
            port=self.port,
            connections=way.connections,
            seconds=min(_WARM_S, self.seconds),
            requests=way.requests[:third],
            mark=way.mark,
            first=first,
        )
        await run_apart(job)
        await drained_s(self.servers.redis_url, monotonic_s())
        await self._samples()
        before = self._cpu()
        result = await run_apart(
            msgspec.structs.replace(
                job, seconds=self.seconds, requests=way.requests[third:], first=first + _NUMBERS
            )
        )
        drain_s = await drained_s(self.servers.redis_url, result.last_answer_at_s)
        used = {stages.LOAD: result.cpu_s} | {n: s - before[n] for n, s in self._cpu().items()}
        done = sum(result.answers.values()) * way.operations
        cost = stages.cost(way.short, done, used, await self._samples())
        return Measured(way=way, result=result, drain_s=drain_s, cost=cost)

    def memory_mb(self) -> dict[str, float]:
        """Resident memory of the roles."""
        return {name: round(role.memory_mb(), 1) for name, role in self.running.items()}

    def _cpu(self) -> dict[str, float]:
        roots = {name: role.process.pid for name, role in self.running.items()}
        for name, child in (("redis", self.servers.redis), ("postgres", self.servers.postgres)):
            if child is not None:
                roots[name] = child.pid
        return cpu_seconds(roots)

    async def _samples(self) -> dict[str, dict[str, int]]:
        if self.samples_dir is None:
            return {}
        return {
            name: await stages.told(role.process.pid, self.samples_dir / name)
            for name, role in self.running.items()
        }


async def drained_s(redis_url: str, since_s: float, count: int = 8) -> float:
    """Seconds from `since_s` until nothing waits in the streams any more."""
    client = create_client(redis_url, connections=2)
    while True:
        if not sum((await partitions.backlog(client, range(count))).values()):
            await client.aclose()
            return monotonic_s() - since_s
        await asyncio.sleep(0.005)


async def api_key(database_url: str) -> str:
    """A key that may do everything."""
    engine = create_engine(database_url, pool_size=1)
    token = await create_key(engine, utc_now, env="development", name="bench", scopes=("*",))
    await engine.dispose()
    return token.text()


async def _wallets(database_url: str) -> list[int]:
    connection = await connect(database_url)
    ids = await ledger.open_wallets(connection, Applier(OPERATIONS, utc_now), _ACCOUNTS, 1000)
    await connection.close()
    return ids


async def _baseline(database_url: str, seconds: float) -> Result:
    engine = create_engine(database_url, pool_size=1)
    await baseline.prepare(engine, _ACCOUNTS)
    await engine.dispose()
    async with _baseline_server(database_url) as port:
        pairs = ((n % _ACCOUNTS + 1, (n * 7 + 1) % _ACCOUNTS + 1) for n in range(_REQUESTS))
        requests = [
            post("/transfers", b'{"source":%d,"destination":%d,"amount":5}' % pair)
            for pair in pairs
            if pair[0] != pair[1]
        ]
        job = Job(
            host="127.0.0.1",
            port=port,
            connections=CONNECTIONS,
            seconds=min(_WARM_S, seconds),
            requests=requests,
        )
        await run_apart(job)
        return await run_apart(msgspec.structs.replace(job, seconds=seconds))


@asynccontextmanager
async def _baseline_server(database_url: str) -> AsyncIterator[int]:
    port = free_port("127.0.0.1", FIRST_PORT)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "payments_tools.bench.baseline_http",
        database_url,
        str(port),
    )
    try:
        await ready(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def target(
    servers: Servers, seconds: float, database_url: str = "", *, is_sampled: bool = False
) -> AsyncIterator[Target]:
    """API and consumer, running; on another database of the server when one is given."""
    with tempfile.TemporaryDirectory(prefix="paybench-") as folder:
        samples_dir = Path(folder) if is_sampled else None
        extra = {**shop.SETTINGS, "PAYMENTS_DATABASE_URL": database_url or servers.database_url}
        async with roles(servers, _ROLES, extra, samples_dir) as (port, running):
            yield Target(
                servers=servers,
                port=port,
                running=running,
                seconds=seconds,
                samples_dir=samples_dir,
                numbers=count(0, 2 * _NUMBERS),
            )


async def run(servers: Servers, *, seconds: float, is_staged: bool, say: Say) -> Report:
    """Every figure of a request's way, and the baseline, on one pair of servers."""
    key, ids = await api_key(servers.database_url), await _wallets(servers.database_url)
    say("baseline: one transaction a request")
    base = await _baseline(servers.database_url, seconds)
    topups = Way(
        name="POST /payment/webhook, SHA-1 checked → 200",
        short="top-up",
        expected=200,
        requests=await shop.topups(servers.database_url, _REQUESTS * 20),
    )
    say("applied alone, without HTTP")
    applied = await apply_alone(servers.database_url, ids)
    measured: list[Measured] = []
    async with target(servers, seconds, is_sampled=is_staged) as running:
        for way in (*all_ways(ids, key), topups):
            say(way.name)
            measured.append(await running.measure(way))
        memory = running.memory_mb()
    connection = await connect(servers.database_url)
    settings = await server_settings(connection)
    await connection.close()
    figures, shares = with_shares([(m.way, m.figure(base.per_second)) for m in measured], applied)
    return Report(
        title="http: from the socket to the ledger",
        command=f"payments bench http --seconds {seconds:g}" + " --stages" * is_staged,
        machine=machine(),
        settings=settings | {"redis appendfsync": "always"},
        figures=[_baseline_figure(base), applied, *figures],
        grids=stages.grids([m.cost for m in measured]),
        extra={"memory_mb": memory, **shares},
    )


def _baseline_figure(base: Result) -> Figure:
    return Figure(
        name="POST, row at a time (baseline)",
        per_second=base.per_second,
        ratio=1,
        p50_ms=base.p50_ms,
        p99_ms=base.p99_ms,
        note="SQLAlchemy, FOR UPDATE",
    )
