"""Redis Cluster, real nodes: one is killed; others go on, and what was accepted is decided once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import uuid4

import pytest

from payments.entrypoints import doctor
from payments.entrypoints.scheduler import create_tools
from payments.entrypoints.settings import Secret, Settings
from payments.kernel.clock import monotonic_s
from payments.kernel.errors import Unavailable, UnknownFate
from payments.kernel.ids import OperationId
from payments.operations.submit import keyed
from payments.transfers.create import OPERATION, CreateTransfer
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from scheduler.checks.audit import audit
from scheduler.jobs import watch_streams
from streams import partitions
from streams.client import create_client
from tests.faults.journal import OPENING_MINOR, Door, Journal, reckon, undecided
from tests.faults.stage import applied, consumer
from tests.fixtures.cluster import Node, RedisCluster

pytestmark = pytest.mark.faults

PARTITIONS = 4
DOOMED = 1
"""The master that holds partition 3 and no other of the four."""


async def funded_pairs(door: Door) -> dict[bool, list[int]]:
    """Two wallets whose transfers go to partition 3, and two whose transfers go elsewhere."""
    pairs: dict[bool, list[int]] = {True: [], False: []}
    while min(map(len, pairs.values())) < 2:
        intent = open_wallet.OpenWallet(currency="RUB", owner="cluster")
        wallet_id = int((await applied(door.submitter, open_wallet.OPERATION, intent))["wallet_id"])
        chosen = pairs[partitions.partition_of(wallet_id, PARTITIONS) == 3]
        if len(chosen) < 2:
            chosen.append(wallet_id)
            credit = adjust.AdjustWallet(
                wallet_id=wallet_id,
                minor=OPENING_MINOR,
                currency="RUB",
                is_credit=True,
                reason="stage",
            )
            await applied(door.submitter, adjust.OPERATION, credit)
    return pairs


async def goes_on(database: str, journal: Journal, count: int, deadline_s: float = 10) -> None:
    """So many more are accepted, and decided."""
    until, enough = monotonic_s() + deadline_s, len(journal.accepted) + count
    while len(journal.accepted) < enough:
        assert monotonic_s() < until, "nothing is accepted"
        await asyncio.sleep(0.02)
    wanted = set(journal.accepted)
    while await undecided(database, wanted):
        assert monotonic_s() < until, "what is accepted is not decided"
        await asyncio.sleep(0.02)


async def test_a_killed_node_takes_its_own_partitions_with_it_and_brings_them_back(
    database: str, redis_cluster: RedisCluster
) -> None:
    doomed = redis_cluster.masters[DOOMED]
    async with consumer(database, redis_cluster.url), Door(database, redis_cluster.url) as door:
        pairs = await funded_pairs(door)
        on_doomed = Journal(door.submitter, pairs[True])
        elsewhere = Journal(door.submitter, pairs[False])
        async with on_doomed.load(2), elsewhere.load(2):
            await asyncio.sleep(0.7)  # load, then the fault
            async with without(doomed):
                turned_away = on_doomed.turned_away
                await goes_on(database, elsewhere, 100)
                assert on_doomed.turned_away > turned_away
                assert elsewhere.turned_away == 0, "a partition of a living node was turned away"
                with pytest.raises(Unavailable):
                    await send_one(door, pairs[True])
                assert door.door.closed_reason is None
                with pytest.raises(Unavailable):  # the dead node may have heard of it
                    await door.door.find_marker(OperationId(uuid4()))
            await goes_on(database, on_doomed, 50)
        await reckon(database, on_doomed, pairs[True])
        await reckon(database, elsewhere, pairs[False])
    await ends_empty(redis_cluster.url)


@asynccontextmanager
async def without(node: Node) -> AsyncIterator[None]:
    """The node is killed, and back afterwards whatever happened."""
    node.process.kill()
    try:
        yield
    finally:
        node.process.revive()


async def send_one(door: Door, wallets: list[int]) -> None:
    intent = CreateTransfer(
        source_wallet_id=wallets[0],
        destination_wallet_id=wallets[1],
        minor=1,
        currency="RUB",
        description="",
    )
    await door.submitter(keyed(OPERATION, intent, actor="journal", key="while it is away"))


async def ends_empty(redis_url: str) -> None:
    client = create_client(redis_url)
    until = monotonic_s() + 15
    while sum((await partitions.backlog(client, range(PARTITIONS))).values()):
        assert monotonic_s() < until, "entries stay in the streams"
        await asyncio.sleep(0.1)
    await client.aclose()


async def test_a_replica_takes_over_and_with_min_replicas_nothing_accepted_is_lost(
    database: str, replicated_cluster: RedisCluster
) -> None:
    url = f"{replicated_cluster.url}?min_replicas=1"
    doomed = replicated_cluster.masters[DOOMED]
    async with consumer(database, url), Door(database, url) as door:
        pairs = await funded_pairs(door)
        journal = Journal(door.submitter, pairs[True])
        async with journal.load(2):
            await asyncio.sleep(0.7)  # load, then the fault
            doomed.process.kill()
            until = monotonic_s() + 20
            while not is_promoted(replicated_cluster.replicas[DOOMED]):
                assert monotonic_s() < until, "nobody took over"
                await asyncio.sleep(0.05)
            # The promoted one has no replica of its own: what it takes is of unknown fate until the
            # old master has come back as its replica.
            doomed.process.revive()
            await goes_on(database, journal, 50, deadline_s=40)
        await reckon(database, journal, pairs[True])
    await ends_empty(url)


def is_promoted(node: Node) -> bool:
    return "'role': 'master'" in node.replication()


async def test_without_its_replica_an_append_is_of_unknown_fate(
    database: str, replicated_cluster: RedisCluster
) -> None:
    url = f"{replicated_cluster.url}?min_replicas=1"
    async with consumer(database, url), Door(database, url) as door:
        pairs = await funded_pairs(door)
        replicated_cluster.replicas[DOOMED].process.kill()
        until = monotonic_s() + 10
        while True:  # the master needs a moment to see that its replica is gone
            with suppress(Unavailable):
                try:
                    await send_one(door, pairs[True])
                except UnknownFate:
                    break
            assert monotonic_s() < until, "accepted without a replica"
            await asyncio.sleep(0.05)
        replicated_cluster.replicas[DOOMED].process.revive()
        journal = Journal(door.submitter, pairs[True])
        await journal.send(20)
        await reckon(database, journal, pairs[True])


async def test_a_slot_that_moves_is_followed(database: str, redis_cluster: RedisCluster) -> None:
    """An empty slot changes hands: MOVED means nothing was written, the new node gets it."""
    source, target = redis_cluster.masters[DOOMED], redis_cluster.masters[0]
    async with consumer(database, redis_cluster.url), Door(database, redis_cluster.url) as door:
        pairs = await funded_pairs(door)
        journal = Journal(door.submitter, pairs[True])
        await journal.send(10)
        await reckon(database, journal, pairs[True])
        await ends_empty(redis_cluster.url)
        redis_cluster.move_partition(3, source, target)
        await journal.send(10)
        await reckon(database, journal, pairs[True])
        client = door.door._client
        assert client.place_of(3) == target.name


async def test_a_slot_that_moves_under_load_loses_nothing(
    database: str, redis_cluster: RedisCluster
) -> None:
    """ASK and TRYAGAIN: keys of the slot are on both nodes while requests keep coming."""
    source, target = redis_cluster.masters[DOOMED], redis_cluster.masters[0]
    async with consumer(database, redis_cluster.url), Door(database, redis_cluster.url) as door:
        pairs = await funded_pairs(door)
        journal = Journal(door.submitter, pairs[True])
        async with journal.load(4):
            await goes_on(database, journal, 50)
            moving = asyncio.to_thread(redis_cluster.move_partition, 3, source, target, 0.3)
            assert await moving > 0
            await goes_on(database, journal, 50)
        await reckon(database, journal, pairs[True])
        await ends_empty(redis_cluster.url)  # acknowledgements waited for the slot to settle
        assert door.door._client.place_of(3) == target.name


async def test_doctor_audit_and_alarms_look_at_every_node(
    database: str, redis_cluster: RedisCluster
) -> None:
    async with consumer(database, redis_cluster.url), Door(database, redis_cluster.url) as door:
        pairs = await funded_pairs(door)
        journal = Journal(door.submitter, pairs[True])
        await journal.send(5)
        await reckon(database, journal, pairs[True])
        await ends_empty(redis_cluster.url)
        redis_cluster.masters[2].client.config_set("appendfsync", "everysec")
        settings = Settings(
            database_url=Secret(database),
            redis_url=Secret(redis_cluster.url),
            partitions=PARTITIONS,
        )
        unsafe = [f.part for f in await doctor.durability(settings) if f.is_unsafe]
        assert unsafe == [f"redis {redis_cluster.masters[2].name} appendfsync"]
        broken = [f.check.name for f in await audit(database, redis_cluster.url) if f.is_broken]
        assert broken == []
        async with create_tools(settings) as tools:
            assert await watch_streams.run(tools) == 0


async def test_moving_from_one_server_to_a_cluster(
    database: str, redis_url: str, redis_cluster: RedisCluster
) -> None:
    """As docs/scaling.md says it: drained, the cluster continues after what is applied."""
    async with consumer(database, redis_url), Door(database, redis_url) as door:
        pairs = await funded_pairs(door)
        journal = Journal(door.submitter, pairs[True])
        await journal.send(10)
        await reckon(database, journal, pairs[True])
        await ends_empty(redis_url)
    settings = Settings(
        database_url=Secret(database), redis_url=Secret(redis_cluster.url), partitions=PARTITIONS
    )
    async with Door(database, redis_cluster.url) as door:
        assert door.door.closed_reason == "redis_rolled_back"  # an empty Redis is an older one
    await doctor.accept_loss(settings)
    async with consumer(database, redis_cluster.url), Door(database, redis_cluster.url) as door:
        journal = Journal(door.submitter, pairs[True])
        await journal.send(10)
        await reckon(database, journal, pairs[True])
