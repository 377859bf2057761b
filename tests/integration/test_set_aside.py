"""An account that somebody has locked: what needs it waits in its order, all else goes on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

import pytest

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import Connection, connect
from payments.operations import aside
from payments.operations.apply import Applier
from payments.operations.aside import Aside
from payments.operations.items import Answer
from payments.operations.loading import Ahead
from payments.operations.submit import fresh
from payments.registry import OPERATIONS
from payments.transfers import create
from payments.wallets import open as open_wallet
from payments.wallets.open import OpenWallet
from streams.ownership import ensure_partitions
from streams.turns import Turn
from tests.fixtures.pace import a_second
from tests.fixtures.platform import Platform
from tests.integration.test_apply import Bench, credit, reasons, transfer


class Locked:
    """A bench whose applier sets aside, and a session that has an account locked."""

    def __init__(self, bench: Bench, other: Connection) -> None:
        self.bench = bench
        self.bench.applier = Applier(OPERATIONS, utc_now, sets_aside=True)
        self.other = other
        self._hold = other.transaction()

    async def lock(self, wallet: int) -> None:
        """From now on somebody else has it."""
        await self._hold.start()
        await self.other.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", wallet)

    async def release(self) -> list[Answer]:
        """Give it back; what is answered then."""
        await self._hold.rollback()
        await asyncio.sleep(0.06)  # the pause between two tries
        return await self.bench.apply()


class NotedTurn(Turn):
    """A turn that notes when it comes to deciding."""

    def __init__(self, before: Turn) -> None:
        super().__init__(before)
        self.is_deciding = asyncio.Event()

    async def to_decide(self) -> Sequence[Any]:
        self.is_deciding.set()
        return await super().to_decide()


@pytest.fixture
async def locked(database: str) -> AsyncIterator[Locked]:
    connections = [await connect(database) for _ in range(2)]
    await ensure_partitions(connections[0], 4)
    yield Locked(Bench(connections[0]), connections[1])
    for connection in connections:
        await connection.close(timeout=5)


@pytest.mark.parametrize("guard", ["guarded", "without"])
async def test_payments_of_one_wallet_keep_their_order(
    guard: str, locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    if guard == "without":
        monkeypatch.setattr(Aside, "blocks", lambda *_: False)
    bench = locked.bench
    payer, other, busy, free = [await bench.wallet(minor) for minor in (10, 10, 0, 0)]
    await locked.lock(busy)
    answers = await bench.apply(
        bench.entry("transfer.create", transfer(payer, busy, 10)),
        bench.entry("transfer.create", transfer(payer, free, 10)),
        bench.entry("transfer.create", transfer(other, free, 10)),
    )
    assert reasons(answers) == [None] * (1 if guard == "guarded" else 2)
    later = await bench.apply(bench.entry("transfer.create", transfer(payer, free, 5)))
    assert len(later) == (0 if guard == "guarded" else 1)
    decided = reasons(await locked.release())
    expected = [None, "insufficient_funds", "insufficient_funds"]
    assert (decided == expected) is (guard == "guarded")
    assert not bench.applier.aside


async def test_what_is_left_behind_a_full_retry_is_decided_too(
    locked: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More stood behind the locked account than is tried again at once: nothing of the rest is
    known to need a lock.
    """
    monkeypatch.setattr(aside, "_AT_ONCE_MAX", 2)
    bench = locked.bench
    payer, busy, free = [await bench.wallet(minor) for minor in (10, 0, 0)]
    await locked.lock(busy)
    to_whom = [busy, free, free, free, free]
    entries = [bench.entry("transfer.create", transfer(payer, to, 1)) for to in to_whom]
    assert await bench.apply(*entries) == []
    answers = await locked.release()
    for _ in range(2):
        await asyncio.sleep(0.06)  # the pause between two tries
        answers += await bench.apply()
    assert [answer.entry for answer in answers] == entries


async def test_what_was_set_aside_waits_when_the_batch_before_fails(locked: Locked) -> None:
    """It is looked at while the batch before is decided; that one is not what it was then."""
    bench = locked.bench
    payer, busy, other = [await bench.wallet(minor) for minor in (10, 0, 10)]
    await locked.lock(busy)
    aside_ = bench.entry("transfer.create", transfer(payer, busy, 1))
    assert await bench.apply(aside_) == []
    await locked._hold.rollback()
    await asyncio.sleep(0.06)  # the pause between two tries
    before = Turn()
    before.loaded(Ahead({}, (), {}))
    entry = bench.entry("transfer.create", transfer(other, payer, 1))
    turn = NotedTurn(before)
    applying = asyncio.create_task(bench.applier.apply(bench.connection, [entry], turn))
    await turn.is_deciding.wait()
    await before.alone()
    before.end()
    assert [answer.entry for answer in await applying] == [entry]
    assert bench.applier.aside.has(aside_)
    await asyncio.sleep(0.06)
    assert [answer.entry for answer in await bench.apply()] == [aside_]


async def test_the_position_does_not_wait_and_a_new_owner_starts_from_the_stream(
    locked: Locked,
) -> None:
    """What is set aside gets no answer, so it stays pending: the next owner reads it again."""
    bench = locked.bench
    payer, busy = await bench.wallet(10), await bench.wallet()
    entry = bench.entry("transfer.create", transfer(payer, busy, 10))
    await locked.lock(busy)
    assert await bench.apply(entry) == []
    bench.applier.forget(entry.partition)
    assert not bench.applier.aside
    assert await locked.release() == []
    assert reasons(await bench.apply(entry)) == [None]


async def test_another_consumers_batch_is_waited_for(locked: Locked) -> None:
    """A lock of a moment sets nothing aside."""
    bench = locked.bench
    payer, busy = await bench.wallet(10), await bench.wallet()
    await locked.lock(busy)
    entry = bench.entry("transfer.create", transfer(payer, busy, 10))
    applying = asyncio.create_task(bench.apply(entry))
    await asyncio.sleep(0.05)  # less than its patience
    await locked._hold.rollback()
    assert reasons(await applying) == [None]


async def test_everything_else_is_decided_as_fast(platform: Platform) -> None:
    """Through a real consumer: one locked wallet among four, for two seconds."""
    wallets = []
    for owner in "abcd":
        made = await platform.apply(open_wallet.OPERATION, OpenWallet(currency="RUB", owner=owner))
        wallets.append(int(made["wallet_id"]))
        await platform.apply(OPERATIONS_BY_KIND["wallet.adjust"], credit(wallets[-1], 1_000_000))
    locked, payer, source, sink = wallets
    pay = partial(platform.apply, create.OPERATION, transfer(source, sink, 1))
    limit_s = await a_second(pay)
    blocker = await connect(platform.database_url)
    hold = blocker.transaction()
    await hold.start()
    await blocker.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", locked)
    stuck = [
        await platform.submitter(fresh(create.OPERATION, transfer(payer, to, 1), actor="t"))
        for to in (locked, sink)
    ]
    slowest, until = 0.0, monotonic_s() + 2
    while monotonic_s() < until:
        began = monotonic_s()
        await pay()
        slowest = max(slowest, monotonic_s() - began)
    assert slowest < limit_s
    for ticket in stuck:
        assert await platform.outcomes.find(ticket.operation_id) is None
    await hold.rollback()
    await blocker.close()
    for ticket in stuck:
        decision = await platform.outcomes.wait(ticket.operation_id, utc_now(), 10)
        assert decision is not None


OPERATIONS_BY_KIND = {operation.kind: operation for operation in OPERATIONS}
