"""A type of rows that is read slowly: what needs it is decided apart, all else as before."""

from collections.abc import AsyncIterator
from functools import partial
from itertools import pairwise
from uuid import UUID

import pytest

from payments.holds.create import CreateHold
from payments.holds.release import ReleaseHold
from payments.holds.tables import Hold
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect
from payments.operations import locking
from payments.operations.envelope import Intent
from payments.operations.outcome import Decision
from payments.operations.slow import Slow
from payments.operations.submit import Ticket, fresh
from payments.registry import OPERATIONS
from payments.transfers import create
from payments.transfers.tables import Transfer
from payments.wallets.open import OpenWallet
from streams.consumer import LANES
from streams.ownership import LOCK_CLASS, NotOwnedError, Ownership, ensure_partitions
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.pace import a_second
from tests.fixtures.platform import Platform, eventually
from tests.integration.test_apply import credit, transfer

BY_KIND = {operation.kind: operation for operation in OPERATIONS}
SLOW_S = 1.2
"""Reading a hold takes so long, and changing one as well."""
APART = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'payments-consumer-apart'"


class SlowHolds:
    """A platform whose holds are read slowly, for a test."""

    def __init__(self, platform: Platform, connection: Connection) -> None:
        self.platform = platform
        self._connection = connection

    async def begin(self, seconds: float = SLOW_S) -> None:
        """From now on each row takes so long."""
        await self._connection.execute("ALTER TABLE holds RENAME TO kept_holds")
        await self._connection.execute(
            f"CREATE VIEW holds AS SELECT * FROM kept_holds WHERE pg_sleep({seconds}) IS NOT NULL"
        )

    async def end(self) -> None:
        """From now on they are fast."""
        await self._connection.execute("DROP VIEW holds")
        await self._connection.execute("ALTER TABLE kept_holds RENAME TO holds")

    async def wallet(self, minor: int = 1000) -> int:
        """A wallet with money."""
        made = await self.platform.apply(
            BY_KIND["wallet.open"], OpenWallet(currency="RUB", owner="o")
        )
        number = int(made["wallet_id"])
        await self.platform.apply(BY_KIND["wallet.adjust"], credit(number, minor))
        return number

    async def hold(self, wallet: int) -> UUID:
        """Five of its money."""
        hold = CreateHold(wallet_id=wallet, minor=5, currency="RUB")
        return UUID((await self.platform.apply(BY_KIND["hold.create"], hold))["hold_id"])

    async def send(self, kind: str, intent: Intent) -> Ticket:
        """Accepted, not waited for."""
        return await self.platform.submitter(fresh(BY_KIND[kind], intent, actor="t"))

    async def is_decided(self, ticket: Ticket) -> bool:
        """True once there is an outcome."""
        return await self.platform.outcomes.find(ticket.operation_id) is not None


@pytest.fixture
async def holds(platform: Platform) -> AsyncIterator[SlowHolds]:
    connection = await connect(platform.database_url)
    yield SlowHolds(platform, connection)
    await platform.settled()
    await connection.close()
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("C13")
async def test_what_does_not_touch_a_slow_kind_is_decided_as_fast(
    holds: SlowHolds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a real consumer. No transfer may wait as long as one slow statement takes."""
    monkeypatch.setattr(locking, "LIMIT_S", 0.2)
    payer, source, sink = [await holds.wallet(1_000_000) for _ in range(3)]
    hold_id = await holds.hold(payer)
    pay = partial(holds.platform.apply, create.OPERATION, transfer(source, sink, 1))
    limit_s = await a_second(pay)
    await holds.begin()
    ticket = await holds.send("hold.release", ReleaseHold(hold_id=hold_id))
    times, began = [monotonic_s()], monotonic_s()
    while not await holds.is_decided(ticket):
        await pay()
        times.append(monotonic_s())
        assert monotonic_s() - began < 20 * limit_s
    await holds.end()
    assert times[-1] - times[0] > 2 * SLOW_S, "one is read, one is written"
    assert max(later - earlier for earlier, later in pairwise(times)) < limit_s
    assert await eventually(partial(sessions_apart, holds, 0))


async def sessions_apart(holds: SlowHolds, count: int) -> bool:
    return bool(await holds.platform.value(APART) == count)


@pytest.mark.case("C13")
async def test_it_keeps_the_order_of_its_wallet_and_money_comes_in_meanwhile(
    holds: SlowHolds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LIMIT_S", 0.1)
    payer, payee, other = [await holds.wallet() for _ in range(3)]
    release = ReleaseHold(hold_id=await holds.hold(payer))
    await holds.begin(2)
    first = await holds.send("hold.release", release)
    await eventually(partial(sessions_apart, holds, 1))
    later = await holds.send("transfer.create", transfer(payer, other, 1000))
    await holds.platform.apply(create.OPERATION, transfer(other, payee, 1))
    assert not await holds.is_decided(first)
    decisions = [
        await holds.platform.outcomes.wait(ticket.operation_id, utc_now(), 15)
        for ticket in (first, later)
    ]
    assert [one.status for one in decisions if isinstance(one, Decision)] == ["applied"] * 2
    await holds.end()


@pytest.mark.case("C13")
@pytest.mark.parametrize("how", ["stopped", "its lanes lost", "its session lost"])
async def test_whatever_becomes_of_the_consumer_it_is_decided_once(
    how: str, holds: SlowHolds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "LIMIT_S", 0.1)
    payer = await holds.wallet()
    hold_id = await holds.hold(payer)
    await holds.begin(0.8)
    ticket = await holds.send("hold.release", ReleaseHold(hold_id=hold_id))
    await eventually(partial(sessions_apart, holds, 1))
    if how == "stopped":
        await holds.platform.stop_consumer()
        assert not await holds.is_decided(ticket)
        await holds.platform.start_consumer()
    else:
        name = "payments-consumer" if how == "its lanes lost" else "payments-consumer-apart"
        await holds.platform.value(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = $1",
            name,
        )
    decision = await holds.platform.outcomes.wait(ticket.operation_id, utc_now(), 20)
    assert getattr(decision, "status", None) == "applied"
    await holds.end()


@pytest.mark.case("C13")
async def test_what_cannot_be_applied_is_parked_apart(
    holds: SlowHolds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other of the same batch is decided."""
    monkeypatch.setattr(locking, "LIMIT_S", 0.1)
    payer, other = await holds.wallet(), await holds.wallet()
    poisoned, fine = await holds.hold(payer), await holds.hold(other)
    async with holds.platform.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'not this one'; END $$;"
            " CREATE TRIGGER fail BEFORE UPDATE ON holds FOR EACH ROW"
            f" WHEN (NEW.id = '{poisoned}') EXECUTE FUNCTION fail()"
        )
    await holds.begin(0.15)
    tickets = [await holds.send("hold.release", ReleaseHold(hold_id=h)) for h in (poisoned, fine)]
    decision = await holds.platform.outcomes.wait(tickets[1].operation_id, utc_now(), 15)
    assert getattr(decision, "status", None) == "applied"

    async def is_parked() -> bool:
        return bool(await holds.platform.value("SELECT count(*) = 1 FROM dead_letters"))

    await eventually(is_parked)
    await holds.end()
    async with holds.platform.connection() as connection:
        await connection.execute("DROP FUNCTION fail CASCADE; DELETE FROM dead_letters")


class Owner:
    """The sessions of a consumer: its lanes, and one that writes beside them."""

    def __init__(self, sessions: list[Connection], name: str) -> None:
        self.lanes, self.apart = sessions[:LANES], sessions[LANES]
        self.ownership = Ownership(self.lanes, sessions[LANES + 1], name)


@pytest.fixture
async def owners(database: str) -> AsyncIterator[list[Owner]]:
    """Two consumers that share one partition."""
    count = LANES + 2
    connections = [await connect(database) for _ in range(2 * count)]
    await ensure_partitions(connections[0], 1)
    yield [Owner(connections[:count], "one"), Owner(connections[count:], "other")]
    for connection in connections:
        connection.terminate()


async def test_nobody_takes_a_partition_over_before_a_transaction_apart_ends(
    owners: list[Owner],
) -> None:
    """Its lanes are gone, and a transaction beside them is still under way."""
    one, other = owners
    assert await one.ownership.gain(1) == [0]
    await one.apart.execute("BEGIN")
    await one.ownership.fence(one.apart, 0)
    for lane in one.lanes:
        await lane.close()
    assert await other.ownership.gain(1) == [], "it is ended first"
    await eventually(partial(is_gone, other.apart, one.apart.get_server_pid()))
    assert await other.ownership.gain(1) == [0]
    await other.apart.execute("BEGIN")
    await other.ownership.fence(other.apart, 0)


async def is_gone(connection: Connection, pid: int) -> bool:
    query = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $1"
    return bool(await connection.fetchval(query, pid))


async def test_no_transaction_apart_begins_once_a_partition_is_lost(
    owners: list[Owner],
) -> None:
    one, other = owners
    assert await one.ownership.gain(1) == [0]
    await one.lanes[0].execute("SELECT pg_advisory_unlock($1, 0)", LOCK_CLASS)
    async with one.apart.transaction():
        with pytest.raises(NotOwnedError):
            await one.ownership.fence(one.apart, 0)
    for lane in one.lanes[1:]:
        await lane.close()
    assert await other.ownership.gain(1) == [0]
    async with one.apart.transaction():
        with pytest.raises(NotOwnedError):
            await one.ownership.fence(one.apart, 0)


def test_the_lanes_load_a_slow_type_again_once_it_is_read_fast_and_not_soon() -> None:
    slow = Slow()
    assert slow.put_off() == set()
    slow.gave_up(Hold, 0)
    assert slow.put_off() == slow.apart() == {Hold}
    slow.took(Hold, 0.1, 49)
    slow.took(Transfer, 0.1, 49)
    assert slow.put_off() == {Hold}
    slow.took(Hold, 0.9, 51)
    slow.took(Hold, 0.1, 100)
    assert slow.put_off() == {Hold}
    slow.locked.add(Hold)
    assert slow.apart() == set()
    slow.locked.clear()
    slow.took(Hold, 0.1, 102)
    assert slow.put_off() == set()


async def test_a_slow_type_comes_back_to_the_lanes(holds: SlowHolds) -> None:
    """The session apart is not needed for ever."""
    payer = await holds.wallet()
    hold_id = await holds.hold(payer)
    assert holds.platform.consumer is not None
    work = holds.platform.consumer.apart
    assert work is not None
    applier = work.is_there_any.__self__  # type: ignore[attr-defined]  # a bound method
    applier.slow.gave_up(Hold, monotonic_s() - 60)
    await holds.platform.apply(BY_KIND["hold.release"], ReleaseHold(hold_id=hold_id))
    assert applier.slow.put_off() == set()
