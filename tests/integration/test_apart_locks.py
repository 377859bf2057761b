"""What is decided apart meets locks of others, and the lanes meet its own."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from payments.holds.capture import CaptureHold
from payments.holds.release import ReleaseHold
from payments.holds.tables import Hold
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect
from payments.operations.apart import ApartApplier
from payments.operations.apply import Applier
from payments.operations.items import Answer
from payments.registry import OPERATIONS
from streams.ownership import ensure_partitions
from tests.fixtures.platform import eventually
from tests.integration.test_apply import Bench, reasons, transfer
from tests.integration.test_set_aside_rows import held


class Beside:
    """A bench whose lane does not load holds, the session apart, and somebody else."""

    def __init__(self, bench: Bench, apart: Connection, other: Connection) -> None:
        self.bench = bench
        bench.applier = Applier(OPERATIONS, utc_now, sets_aside=True)
        self.applier = ApartApplier(OPERATIONS, utc_now, None, bench.applier)
        self._apart = apart
        self.other = other

    def slow(self) -> None:
        """From now on holds count as slow."""
        self.bench.applier.slow.gave_up(Hold, monotonic_s())

    async def apart(self) -> list[Answer]:
        """A batch apart, of a partition that nobody else may have."""
        return await self.applier.apply_apart(self._apart, no_fence)


async def no_fence(_connection: Connection, partition: int) -> None:
    assert partition == 0


@pytest.fixture
async def beside(database: str) -> AsyncIterator[Beside]:
    connections = [await connect(database) for _ in range(3)]
    await ensure_partitions(connections[0], 4)
    yield Beside(Bench(connections[0]), *connections[1:])
    for connection in connections:
        await connection.close(timeout=5)


@pytest.mark.case("C3")
@pytest.mark.parametrize("table", ["accounts", "holds"])
async def test_what_somebody_has_locked_waits_and_the_others_are_decided(
    table: str, beside: Beside
) -> None:
    bench = beside.bench
    wallets = [await bench.wallet(10) for _ in range(2)]
    locked, free = [await held(bench, wallet) for wallet in wallets]
    beside.slow()
    first, later, third = (
        bench.entry("hold.release", ReleaseHold(hold_id=hold)) for hold in (locked, locked, free)
    )
    assert await bench.apply(first, later, third) == []
    assert beside.applier.is_there_any()
    key = {"accounts": wallets[0], "holds": locked}[table]
    hold = beside.other.transaction()
    await hold.start()
    await beside.other.execute(f"SELECT FROM {table} WHERE id = $1 FOR UPDATE", key)
    answers = await beside.apart()
    assert [answer.entry for answer in answers] == [third]
    assert await beside.apart() == []
    await hold.rollback()
    answers = await beside.apart()
    assert [answer.entry for answer in answers] == [first, later]
    assert reasons(answers) == [None, "hold_closed"]
    assert not beside.applier.is_there_any()
    assert not bench.applier.aside


async def test_the_lanes_pass_over_what_is_locked_apart(beside: Beside) -> None:
    """At once: the 200 ms that they give to another consumer would be paid for each slow batch."""
    bench = beside.bench
    payer, other, free = [await bench.wallet(10) for _ in range(3)]
    capture = CaptureHold(hold_id=await held(bench, payer), destination_wallet_id=other)
    beside.slow()
    assert await bench.apply(bench.entry("hold.capture", capture)) == []
    waiting = bench.entry("transfer.create", transfer(other, free, 1))

    await beside.other.execute(
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN PERFORM pg_advisory_xact_lock(5); RETURN NEW; END $$;"
        " CREATE TRIGGER wait BEFORE UPDATE ON holds FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    hold = beside.other.transaction()
    await hold.start()
    await beside.other.execute("SELECT pg_advisory_xact_lock(5)")
    writing = asyncio.create_task(beside.apart())

    async def is_writing() -> bool:
        return bool(await beside.other.fetchval(WAITS))

    await eventually(is_writing)
    answers = await bench.apply(waiting, bench.entry("transfer.create", transfer(free, payer, 1)))
    assert answers == [], "the payee is locked as well: a hold may have expired"
    assert not bench.applier.ways.is_contended(), "no 200 ms for another consumer"
    assert bench.applier.aside.has(waiting)
    await hold.rollback()
    assert reasons(await writing) == [None]
    await eventually(lambda: decided(bench))


async def decided(bench: Bench) -> bool:
    await bench.apply()
    return not bench.applier.aside


WAITS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
