"""The figures of docs/scaling.md on real local servers: `python -m tests.benchmarks.scaling`."""

import asyncio
import statistics
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, ExitStack, contextmanager
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from migrations.run import migrate_async
from payments.embedded.datadir import DataDir
from payments.embedded.servers import Servers, start_servers
from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect, create_engine
from payments.kernel.errors import PaymentsError
from payments.operations.submit import fresh
from payments.reads.replica import _PRIMARY_AT, _REPLICA_AT, _position
from payments.transfers.create import OPERATION, CreateTransfer
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from streams.ownership import ensure_partitions
from tests.faults.journal import OPENING_MINOR, Door
from tests.faults.stage import applied, consumer
from tests.faults.test_several_consumers import shares
from tests.fixtures.cluster import RedisCluster, running_cluster
from tests.fixtures.platform import eventually
from tests.fixtures.replica import streaming_replica
from tests.fixtures.servers import temporary_data_dir

PARTITIONS, WALLETS, CLIENTS = 8, 64, 256
COUNT = 8000


@contextmanager
def servers() -> Any:
    path = temporary_data_dir()
    try:
        with start_servers(path) as running:
            yield running
    finally:
        DataDir(path).erase()


async def prepared(stack: AsyncExitStack, database: str, redis: str) -> tuple[Door, list[int]]:
    await migrate_async(database)
    connection = await connect(database)
    await ensure_partitions(connection, PARTITIONS)
    await connection.close()
    door = await stack.enter_async_context(Door(database, redis))
    async with consumer(database, redis):
        intents = [open_wallet.OpenWallet(currency="RUB", owner=f"o{n}") for n in range(WALLETS)]
        opened = [applied(door.submitter, open_wallet.OPERATION, intent) for intent in intents]
        wallets = [int(one["wallet_id"]) for one in await asyncio.gather(*opened)]
        await asyncio.gather(*(fund(door, wallet) for wallet in wallets))
    return door, wallets


async def fund(door: Door, wallet: int) -> None:
    credit = adjust.AdjustWallet(
        wallet_id=wallet, minor=OPENING_MINOR, currency="RUB", is_credit=True, reason="bench"
    )
    await applied(door.submitter, adjust.OPERATION, credit)


_TOOK = (
    "SELECT extract(epoch FROM max(decided_at) - min(decided_at))::float8 FROM operations "
    "WHERE decided_at > $1"
)


async def accept(door: Door, wallets: list[int], count: int = COUNT) -> tuple[float, float]:
    """Accepted a second, and the median of one in milliseconds."""
    numbers, times = iter(range(count)), []

    async def client() -> None:
        for n in numbers:
            intent = CreateTransfer(
                source_wallet_id=wallets[n % WALLETS],
                destination_wallet_id=wallets[(n * 7 + 1) % WALLETS],
                minor=1,
                currency="RUB",
                description="",
            )
            began = monotonic_s()
            await door.submitter(fresh(OPERATION, intent, actor="bench"))
            times.append(monotonic_s() - began)

    began = monotonic_s()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return count / (monotonic_s() - began), 1000 * statistics.median(times)


async def drain(door: Door, wallets: list[int], urls: tuple[str, str], consumers: int) -> float:
    """Decided a second, from the first batch to the last, by consumers that share evenly."""
    connection = await connect(urls[0])
    await connection.execute("DELETE FROM stream_consumers")  # the one that was killed
    begun: int = await connection.fetchval("SELECT count(*) FROM operations")
    async with AsyncExitStack() as stack:
        for _ in range(consumers):
            await stack.enter_async_context(consumer(*urls))

        async def is_over(count: int) -> bool:
            decided = await connection.fetchval("SELECT count(*) FROM operations")
            return int(decided) >= begun + count

        async def is_shared() -> bool:
            found = await shares(urls[0])
            return (len(found), sum(found)) == (consumers, PARTITIONS)

        await eventually(partial(is_over, COUNT), deadline_s=60)
        await eventually(is_shared, deadline_s=20)
        since = await connection.fetchval("SELECT clock_timestamp()")
        await accept(door, wallets)
        await eventually(partial(is_over, 2 * COUNT), deadline_s=60)
        seconds: float = await connection.fetchval(_TOOK, since)
    await connection.close()
    return COUNT / seconds


async def with_consumers(count: int) -> None:
    with servers() as running:
        async with AsyncExitStack() as stack:
            urls = running.database_url, running.redis_url
            door, wallets = await prepared(stack, *urls)
            rate, median_ms = await accept(door, wallets)
            say(f"one server: accepted {rate:,.0f}/s, median {median_ms:.1f} ms")
            decided = await drain(door, wallets, urls, count)
            say(f"one server, {count} consumer(s): decided {decided:,.0f}/s")


async def with_cluster(masters: int, replicas: int = 0, query: str = "") -> None:
    with ExitStack() as local, servers() as running:
        cluster = local.enter_context(running_cluster(masters, replicas))
        async with AsyncExitStack() as stack:
            urls = running.database_url, cluster.url + query
            door, wallets = await prepared(stack, *urls)
            what = f"cluster of {masters}{query}"
            rate, median_ms = await accept(door, wallets)
            say(f"{what}: accepted {rate:,.0f}/s, median {median_ms:.1f} ms")
            say(f"{what}, 1 consumer: decided {await drain(door, wallets, urls, 1):,.0f}/s")
            if replicas:
                say(f"{what}: a killed master was replaced in {await failover_s(door, cluster)} s")


async def failover_s(door: Door, cluster: RedisCluster) -> str:
    """From SIGKILL to the moment a read of its partitions is answered again."""
    cluster.masters[1].process.kill()
    began = monotonic_s()
    await asyncio.sleep(0.5)  # until the gate has seen it

    async def is_back() -> bool:
        return not door.door._away

    await eventually(is_back, deadline_s=30)
    return f"{monotonic_s() - began:.1f}"


async def with_replica(running: Servers) -> None:
    """How long after a commit the replica shows it, alone and under load."""
    with streaming_replica(running) as replica:
        primary, reads = create_engine(running.database_url), create_engine(replica.url)
        async with AsyncExitStack() as stack:
            urls = running.database_url, running.redis_url
            door, wallets = await prepared(stack, *urls)
            await accept(door, wallets)
            async with consumer(*urls):
                say(f"replica lag while a backlog is applied: {await lags(primary, reads)}")
        await primary.dispose()
        await reads.dispose()


async def lags(primary: AsyncEngine, reads: AsyncEngine) -> str:
    found = []
    for _ in range(60):
        wanted, began = await _position(primary, _PRIMARY_AT), monotonic_s()
        while await _position(reads, _REPLICA_AT) < wanted:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.001)
        found.append(1000 * (monotonic_s() - began))
        await asyncio.sleep(0.05)
    found.sort()
    return f"median {statistics.median(found):.0f} ms, worst of 60 {found[-1]:.0f} ms"


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def refused() -> None:
    """How long a client waits for the 503 of a partition whose node is gone."""
    with servers() as running, running_cluster() as cluster:
        async with AsyncExitStack() as stack:
            door, wallets = await prepared(stack, running.database_url, cluster.url)
            cluster.masters[1].process.kill()
            times = []
            for wallet in wallets:
                began = monotonic_s()
                try:
                    await door.submitter(fresh(OPERATION, transfer(wallet), actor="bench"))
                except PaymentsError:
                    times.append(1000 * (monotonic_s() - began))
            say(f"a dead node's partitions: 503 after {statistics.median(times):.1f} ms (median)")


def transfer(wallet: int) -> CreateTransfer:
    return CreateTransfer(
        source_wallet_id=wallet, destination_wallet_id=1, minor=1, currency="RUB", description=""
    )


async def replica() -> None:
    with servers() as running:
        await with_replica(running)


PARTS: dict[str, Callable[[], Awaitable[None]]] = {
    "1": lambda: with_consumers(1),
    "2": lambda: with_consumers(2),
    "3": lambda: with_consumers(3),
    "cluster1": lambda: with_cluster(1),
    "cluster3": lambda: with_cluster(3),
    "replicated": lambda: with_cluster(3, 3),
    "wait": lambda: with_cluster(3, 3, "?min_replicas=1"),
    "refused": refused,
    "replica": replica,
}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:

        async def run(name: str = part) -> None:
            await PARTS[name]()

        asyncio.run(run())
