"""`payments bench http`: from the socket to the ledger, with the load generator on the same machine."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from payments.apikeys.keys import create_key
from payments.embedded.servers import Servers
from payments.entrypoints.bench import baseline, ledger, shop
from payments.entrypoints.bench.load import Job, Result, post, run_apart
from payments.entrypoints.bench.report import Figure, Report, machine, server_settings
from payments.entrypoints.bench.roles import FIRST_PORT, Role, ready, roles
from payments.entrypoints.ports import free_port
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect, create_engine
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from streams import partitions
from streams.client import create_client

Say = Callable[[str], None]
_ACCOUNTS = 2000
_CONNECTIONS = 64
_REQUESTS = 4000
_WARM_S = 2.0


async def _key(database_url: str) -> str:
    engine = create_engine(database_url, pool_size=1)
    token = await create_key(engine, utc_now, env="development", name="bench", scopes=("*",))
    await engine.dispose()
    return token.text()


async def _wallets(database_url: str) -> list[int]:
    connection = await connect(database_url)
    ids = await ledger.open_wallets(connection, Applier(OPERATIONS, utc_now), _ACCOUNTS, 1000)
    await connection.close()
    return ids


def _transfers(ids: list[int], key: str, **headers: str) -> list[bytes]:
    pairs = ((ids[n % len(ids)], ids[(n * 7 + 1) % len(ids)]) for n in range(_REQUESTS))
    return [
        post(
            "/v1/transfers",
            b'{"source_wallet_id":%d,"destination_wallet_id":%d,"amount":"0.05","currency":"RUB"}' % pair,
            Authorization=f"Bearer {key}",
            **headers,
        )
        for pair in pairs
        if pair[0] != pair[1]
    ]


async def drained_s(redis_url: str, count: int = 8) -> float:
    """Seconds until nothing waits in the streams any more."""
    client = create_client(redis_url, connections=2)
    started = monotonic_s()
    while sum((await partitions.backlog(client, range(count))).values()):
        await asyncio.sleep(0.02)
    await client.aclose()
    return monotonic_s() - started


def _figure(name: str, result: Result, base: float | None, note: str, expected: int) -> Figure:
    wrong = {status: n for status, n in result.answers.items() if status != expected}
    if wrong:
        raise AssertionError(f"{name}: answers other than {expected}: {wrong}")
    ratio = None if base is None else result.per_second / base
    return Figure(name=name, per_second=result.per_second, ratio=ratio, p50_ms=result.p50_ms, p99_ms=result.p99_ms, note=note)


async def _baseline(database_url: str, seconds: float) -> Result:
    engine = create_engine(database_url, pool_size=1)
    await baseline.prepare(engine, _ACCOUNTS)
    await engine.dispose()
    async with _baseline_server(database_url) as port:
        bodies = ((n % _ACCOUNTS + 1, (n * 7 + 1) % _ACCOUNTS + 1) for n in range(_REQUESTS))
        requests = [post("/transfers", b'{"source":%d,"destination":%d,"amount":5}' % b) for b in bodies if b[0] != b[1]]
        job = Job(host="127.0.0.1", port=port, connections=_CONNECTIONS, seconds=_WARM_S, requests=requests)
        await run_apart(job)
        return await run_apart(msgspec.structs.replace(job, seconds=seconds))


@asynccontextmanager
async def _baseline_server(database_url: str) -> AsyncIterator[int]:
    port = free_port("127.0.0.1", FIRST_PORT)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "payments.entrypoints.bench.baseline_http", database_url, str(port)
    )
    try:
        await ready(port)
        yield port
    finally:
        process.terminate()
        await process.wait()


async def _measure(job: Job, redis_url: str) -> tuple[Result, float]:
    """Warm up, measure, and say how long the backlog took to drain after the end."""
    third = len(job.requests) // 3  # what must be new each time is not sent twice
    await run_apart(msgspec.structs.replace(job, seconds=_WARM_S, requests=job.requests[:third]))
    await drained_s(redis_url)
    result = await run_apart(msgspec.structs.replace(job, requests=job.requests[third:]))
    return result, await drained_s(redis_url)


def _memory(running: dict[str, Role]) -> dict[str, float]:
    return {name: round(role.memory_mb(), 1) for name, role in running.items()}


async def run(servers: Servers, *, seconds: float, say: Say) -> Report:
    """Every figure of a request's way, and the baseline, on one pair of servers."""
    key, ids = await _key(servers.database_url), await _wallets(servers.database_url)
    say("baseline: one transaction a request")
    base = await _baseline(servers.database_url, seconds)
    figures = [_figure("POST, row at a time (baseline)", base, base.per_second, "SQLAlchemy, FOR UPDATE", 201)]
    async with roles(servers, ("api", "consumer"), shop.SETTINGS) as (port, running):
        job = Job(host="127.0.0.1", port=port, connections=_CONNECTIONS, seconds=seconds, requests=_transfers(ids, key))
        say("POST /v1/transfers answered 202")
        accepted, drain_s = await _measure(job, servers.redis_url)
        note = f"64 connections, drained {drain_s:.2f} s after the end"
        figures.append(_figure("POST /v1/transfers → 202", accepted, base.per_second, note, 202))
        say("POST /v1/transfers waiting for the outcome")
        waiting = msgspec.structs.replace(job, requests=_transfers(ids, key, Prefer="wait=10"))
        result, _ = await _measure(waiting, servers.redis_url)
        figures.append(_figure("POST /v1/transfers, waiting → 201", result, base.per_second, "64 connections", 201))
        say("one lonely client, waiting")
        result, _ = await _measure(msgspec.structs.replace(waiting, connections=1), servers.redis_url)
        figures.append(_figure("one lonely client, waiting → 201", result, None, "1 connection", 201))
        say("signed top-ups of the shop")
        topups = msgspec.structs.replace(job, requests=await shop.topups(servers.database_url, _REQUESTS * 20))
        result, drain_s = await _measure(topups, servers.redis_url)
        note = f"64 connections, SHA-1 checked, drained {drain_s:.2f} s after the end"
        figures.append(_figure("POST /payment/webhook → 200", result, base.per_second, note, 200))
        memory = _memory(running)
    connection = await connect(servers.database_url)
    settings = await server_settings(connection)
    await connection.close()
    return Report(
        title="http: from the socket to the ledger",
        command=f"payments bench http --seconds {seconds:g}",
        machine=machine(),
        settings=settings | {"redis appendfsync": "always"},
        figures=figures,
        extra={"memory_mb": memory},
    )
