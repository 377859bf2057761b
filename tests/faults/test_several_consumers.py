"""Several consumers, as on several hosts: an even share, a take-over, and order kept across it."""

import asyncio
import itertools
from contextlib import AsyncExitStack, suppress

import pytest

from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect
from payments.kernel.ids import OperationId
from payments.ledger import chart
from payments.operations.submit import fresh, keyed
from payments.transfers.create import OPERATION, CreateTransfer
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from streams import partitions, shifts
from streams.ownership import LOCK_CLASS, ensure_partitions
from tests.faults.journal import OPENING_MINOR, Door, undecided
from tests.faults.stage import applied, consumer

pytestmark = pytest.mark.faults

PARTITIONS = 8
TAKE_OVER_S = 10


async def shares(database: str) -> list[int]:
    """How many partitions each living consumer owns, fewest first."""
    connection = await connect(database)
    try:
        rows = await connection.fetch(
            "SELECT count(*) AS owned FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "GROUP BY pid ORDER BY owned",
            LOCK_CLASS,
        )
    finally:
        await connection.close()
    return [int(row["owned"]) for row in rows]


async def shared_as(database: str, wanted: list[int], within_s: float = TAKE_OVER_S) -> float:
    """Wait until the shares are these; the seconds it took."""
    started = monotonic_s()
    while (found := await shares(database)) != wanted:
        assert monotonic_s() < started + within_s, f"the shares are {found}, not {wanted}"
        await asyncio.sleep(0.05)
    return monotonic_s() - started


async def one_wallet_a_partition(door: Door) -> dict[int, int]:
    """Funded wallets by the partition their transfers go to."""
    found: dict[int, int] = {}
    while len(found) < PARTITIONS:
        intent = open_wallet.OpenWallet(currency="RUB", owner=f"owner-{len(found)}")
        wallet_id = int((await applied(door.submitter, open_wallet.OPERATION, intent))["wallet_id"])
        partition = partitions.partition_of(wallet_id, PARTITIONS)
        if partition not in found:
            found[partition] = wallet_id
            credit = adjust.AdjustWallet(
                wallet_id=wallet_id,
                minor=OPENING_MINOR,
                currency="RUB",
                is_credit=True,
                reason="stage",
            )
            await applied(door.submitter, adjust.OPERATION, credit)
    return found


async def pay_in_order(
    door: Door, source: int, sink: int, accepted: list[OperationId], stop: asyncio.Event
) -> None:
    """One payment after another, each accepted before the next is sent."""
    number = 0
    while not stop.is_set():
        number += 1
        intent = CreateTransfer(
            source_wallet_id=source,
            destination_wallet_id=sink,
            minor=1,
            currency="RUB",
            description="",
        )
        request = keyed(OPERATION, intent, actor="in order", key=f"{source}-{number}")
        accepted.append((await door.submitter(request)).operation_id)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.01)


async def applied_order(database: str, wallet_id: int) -> list[OperationId]:
    connection = await connect(database)
    try:
        rows = await connection.fetch(
            "SELECT e.operation_id FROM entries e JOIN operations o ON o.id = e.operation_id "
            "WHERE e.account_id = $1 AND o.kind = 'transfer.create' ORDER BY e.seq",
            chart.wallet(wallet_id),
        )
    finally:
        await connection.close()
    return [OperationId(row["operation_id"]) for row in rows]


async def test_an_even_share_a_take_over_and_order_within_a_partition(
    database: str, redis_url: str
) -> None:
    connection = await connect(database)
    await ensure_partitions(connection, PARTITIONS)
    await connection.close()
    stop = asyncio.Event()
    async with AsyncExitStack() as hosts, Door(database, redis_url) as door:
        first, *_ = [await hosts.enter_async_context(consumer(database, redis_url)) for _ in "abc"]
        await shared_as(database, [2, 3, 3], within_s=60)  # three processes have to start first
        wallets = await one_wallet_a_partition(door)
        sink = wallets.pop(0)
        accepted: dict[int, list[OperationId]] = {wallet: [] for wallet in wallets.values()}
        paying = [
            asyncio.create_task(pay_in_order(door, wallet, sink, order, stop))
            for wallet, order in accepted.items()
        ]
        await asyncio.sleep(0.5)  # load, then the fault
        first.kill()
        assert await shared_as(database, [4, 4]) < TAKE_OVER_S
        stop.set()
        await asyncio.gather(*paying)
        everything = {operation for order in accepted.values() for operation in order}
        until = monotonic_s() + 20
        while missing := await undecided(database, everything):
            assert monotonic_s() < until, f"{missing} were never decided"
            await asyncio.sleep(0.05)
    for wallet, order in accepted.items():
        assert len(order) > 20
        assert await applied_order(database, wallet) == order


_AT_WORK = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = $1 AND granted"


async def pay_each_other(door: Door, wallets: list[int], count: int) -> list[OperationId]:
    """So many transfers around the circle, many at a time."""
    numbers, accepted = iter(range(count)), []

    async def client() -> None:
        for number in numbers:
            place = number % len(wallets)
            intent = CreateTransfer(
                source_wallet_id=wallets[place],
                destination_wallet_id=wallets[place - 1],
                minor=1,
                currency="RUB",
                description="",
            )
            request = fresh(OPERATION, intent, actor="each other")
            accepted.append((await door.submitter(request)).operation_id)

    await asyncio.gather(*(client() for _ in range(128)))
    return accepted


async def test_with_a_backlog_on_the_same_wallets_both_take_shifts(
    database: str, redis_url: str
) -> None:
    look = await connect(database)
    await ensure_partitions(look, PARTITIONS)
    async with AsyncExitStack() as hosts, Door(database, redis_url) as door:
        for _ in "ab":
            await hosts.enter_async_context(consumer(database, redis_url))
        await shared_as(database, [4, 4], within_s=60)
        wallets = list((await one_wallet_a_partition(door)).values())
        accepted: list[OperationId] = []
        at_work: set[int] = set()
        until = monotonic_s() + 40
        for round_ in itertools.count(1):
            paying = asyncio.create_task(pay_each_other(door, wallets, 4000))
            while not paying.done() or await undecided(database, set(accepted[-1:])):
                at_work.update(row[0] for row in await look.fetch(_AT_WORK, shifts.LOCK_CLASS))
                await asyncio.sleep(0.005)
            accepted += await paying
            if len(at_work) == 2:
                break
            assert monotonic_s() < until, f"{at_work} had a shift in {round_} rounds"
        while missing := await undecided(database, set(accepted)):
            assert monotonic_s() < until, f"{missing} were never decided"
            await asyncio.sleep(0.05)
    row = await look.fetchrow(
        "SELECT count(DISTINCT operation_id), sum(amount) FROM entries JOIN operations o"
        " ON o.id = operation_id WHERE o.kind = 'transfer.create'"
    )
    assert row is not None
    assert tuple(row) == (len(accepted), 0)
    await look.close()
