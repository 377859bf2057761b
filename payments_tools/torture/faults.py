"""The faults of a run: each function causes one, waits, and repairs it."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import httpx

from payments.embedded.process import Child
from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect
from payments.kernel.randomness import Seeded
from payments_tools.torture.stage import CONSUMERS, OURS, Stage
from streams.server_client import create_server_client

Strike = Callable[[Stage, Seeded], Awaitable[None]]
_HOUR_S: Final = 3600
_FULL_S: Final = 1.5
_MEMORY: Final = "1gb"
_SESSIONS: Final = ("payments-consumer", "payments-outcomes", "payments-gate", "payments-api")
_PROVIDER: Final = (
    "drop-after-accept",
    "drop-before-accept",
    "500-after-accept",
    "503",
    "429",
    "html-200",
    "delay=3",
    "duplicate-callbacks",
    "lose-callbacks",
    "forge-callbacks",
)


def _kills(name: str) -> Strike:
    async def strike(stage: Stage, _rng: Seeded) -> None:
        stage.kill(name)

    return strike


async def _kill_consumer(stage: Stage, rng: Seeded) -> None:
    stage.kill(rng.choice(CONSUMERS))


async def _pause_consumer(stage: Stage, rng: Seeded) -> None:
    await stage.pause(rng.choice(CONSUMERS), rng.uniform(1, 11))


async def _rolling_restart(stage: Stage, _rng: Seeded) -> None:
    for name in ("api", *CONSUMERS, "executor", "scheduler"):
        await stage.restart(name)


async def _redis_killed(stage: Stage, rng: Seeded) -> None:
    await _down_and_up(stage, _server(stage.servers.redis), signal.SIGKILL, rng)


async def _postgresql_killed(stage: Stage, rng: Seeded) -> None:
    await _down_and_up(stage, _server(stage.servers.postgres), signal.SIGKILL, rng)


async def _postgresql_stopped(stage: Stage, rng: Seeded) -> None:
    """`pg_ctl stop -m immediate` is SIGQUIT."""
    await _down_and_up(stage, _server(stage.servers.postgres), signal.SIGQUIT, rng)


async def _down_and_up(stage: Stage, child: Child, number: signal.Signals, rng: Seeded) -> None:
    async with stage.one_server:
        if child.process is not None:
            child.process.send_signal(number)
        while child.running():  # noqa: ASYNC110 - a process tells nobody when it ends
            await asyncio.sleep(0.02)
        await asyncio.sleep(rng.uniform(0, 1.5))
        await stage.revive(child)


async def _session_killed(stage: Stage, rng: Seeded) -> None:
    connection = await connect(stage.servers.database_url)
    try:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            rng.choice(_SESSIONS),
        )
    finally:
        await connection.close(timeout=2)


def _cuts(request: bytes, *, of_redis: bool) -> Strike:
    """The request gets through, its answer does not."""

    async def strike(stage: Stage, rng: Seeded) -> None:
        proxy = stage.redis if of_redis else stage.database
        for _ in range(rng.randint(1, 3)):
            before, until = proxy.cuts, monotonic_s() + 2
            proxy.cut_reply_after(request)
            while proxy.cuts == before and monotonic_s() < until:  # noqa: ASYNC110 - with a deadline
                await asyncio.sleep(0.02)
        proxy.heal()

    return strike


async def _connections_cut(stage: Stage, _rng: Seeded) -> None:
    stage.database.cut_all()
    stage.redis.cut_all()


def _stalls(*, of_redis: bool) -> Strike:
    """Half-open: nothing passes, and neither side gets an error."""

    async def strike(stage: Stage, rng: Seeded) -> None:
        proxy = stage.redis if of_redis else stage.database
        proxy.stall()
        try:
            await asyncio.sleep(rng.uniform(0.5, 9))
        finally:
            proxy.heal()
        if rng.random() < 0.5:  # noqa: PLR2004 - half of them end as networks do: with a reset
            proxy.cut_all()

    return strike


async def _redis_full(stage: Stage, _rng: Seeded) -> None:
    client = create_server_client(stage.servers.redis_url)
    try:
        used = (await client.info("memory"))["used_memory"]
        await client.config_set("maxmemory", max(1, int(used) - 1))
        try:
            await asyncio.sleep(_FULL_S)
        finally:  # also when the end of the load interrupts this fault
            await client.config_set("maxmemory", _MEMORY)
    finally:
        await client.aclose()


async def _provider(stage: Stage, rng: Seeded) -> None:
    body = {"faults": [rng.choice(_PROVIDER)], "count": rng.randint(1, 5)}
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        with contextlib.suppress(httpx.HTTPError):  # it may have been killed a moment ago
            await client.post(f"{stage.simulator}/_sim/faults", json=body)


async def _clock_jump(stage: Stage, rng: Seeded) -> None:
    path = stage.clock(rng.choice(OURS))
    path.write_text(str(rng.choice((-_HOUR_S, _HOUR_S))))
    try:
        await asyncio.sleep(rng.uniform(1, 4))
    finally:
        path.unlink(missing_ok=True)


def _server(child: Child | None) -> Child:
    if child is None:
        raise AssertionError("the servers of a run are its own")
    return child


FAULTS: Final[dict[str, Strike]] = {
    "api killed": _kills("api"),
    "consumer killed": _kill_consumer,
    "executor killed": _kills("executor"),
    "scheduler killed": _kills("scheduler"),
    "provider killed": _kills("simulator"),
    "consumer paused": _pause_consumer,
    "rolling restart": _rolling_restart,
    "redis killed": _redis_killed,
    "postgresql killed": _postgresql_killed,
    "postgresql stopped at once": _postgresql_stopped,
    "database sessions killed": _session_killed,
    "XADD reply cut": _cuts(b"XADD", of_redis=True),
    "XREADGROUP reply cut": _cuts(b"XREADGROUP", of_redis=True),
    "XACK reply cut": _cuts(b"XACK", of_redis=True),
    "COMMIT reply cut": _cuts(b"COMMIT", of_redis=False),
    "small batch's reply cut": _cuts(b'"kind":"transfer.create"', of_redis=False),
    "all connections cut": _connections_cut,
    "redis half-open": _stalls(of_redis=True),
    "postgresql half-open": _stalls(of_redis=False),
    "redis out of memory": _redis_full,
    "provider misbehaves": _provider,
    "clock jump of an hour": _clock_jump,
}


def plan(rng: Seeded) -> Iterator[tuple[float, str]]:
    """Endless pairs of a pause in seconds and a fault; every kind occurs before one repeats."""
    while True:
        kinds = list(FAULTS)
        rng.shuffle(kinds)
        for kind in kinds:
            yield rng.uniform(0.1, 1.5), kind
