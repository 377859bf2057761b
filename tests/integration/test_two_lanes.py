"""Two batches at once: the second is decided on what the first leaves, and commits after it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from payments.kernel.database import Connection, connect
from payments.kernel.ids import new_id
from payments.operations.items import Answer
from streams.entry import Entry
from streams.ownership import ensure_partitions
from streams.turns import Turn
from tests.integration.test_apply import Bench, credit, reasons, transfer


class LateTurn(Turn):
    """A turn that commits only after the test has let it."""

    def __init__(self, before: Turn | None = None) -> None:
        super().__init__(before)
        self.let = asyncio.Event()

    async def to_commit(self) -> None:
        await super().to_commit()
        await self.let.wait()


class Two:
    """A first batch that is held up before its commit, and a second one beside it."""

    def __init__(self, bench: Bench, second: Connection, blocker: Connection) -> None:
        self.bench = bench
        self._second = second
        self._blocker = blocker
        self._hold = blocker.transaction()
        self.turn = Turn()

    async def hold(self) -> None:
        """From now on a batch waits before its commit: somebody has the partitions' positions."""
        await self._hold.start()
        await self._blocker.execute("SELECT FROM stream_partitions FOR NO KEY UPDATE")

    async def release(self) -> None:
        """Let it commit."""
        await self._hold.rollback()

    def first(self, *entries: Entry) -> "asyncio.Task[list[Answer]]":
        """Start the first batch."""
        return asyncio.create_task(self.run(self.bench.connection, entries, self.turn))

    def second(self, *entries: Entry, turn: Turn | None = None) -> "asyncio.Task[list[Answer]]":
        """Start the second, in the turn after it."""
        turn = turn or Turn(self.turn)
        return asyncio.create_task(self.run(self._second, entries, turn))

    async def run(self, connection: Connection, entries: Any, turn: Turn) -> list[Answer]:
        """Run a batch in its turn."""
        answers = await self.bench.applier.apply(connection, entries, turn)
        await turn.before_ended()
        turn.end()
        return answers

    async def waiting(self, count: int) -> None:
        """Wait until so many sessions wait for a lock."""
        query = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        async with asyncio.timeout(10):
            while await self._blocker.fetchval(query) < count:
                await asyncio.sleep(0.01)
                await self._blocker.execute("SELECT pg_stat_clear_snapshot()")


@pytest.fixture
async def two(database: str) -> AsyncIterator[Two]:
    connections = [await connect(database) for _ in range(3)]
    await ensure_partitions(connections[0], 4)
    yield Two(Bench(connections[0]), *connections[1:])
    for connection in connections:
        await connection.close(timeout=5)


async def test_the_second_batch_spends_what_the_first_brings(two: Two) -> None:
    bench = two.bench
    a, b = await bench.wallet(), await bench.wallet()
    await two.hold()
    first = two.first(bench.entry("wallet.adjust", credit(a, 100)))
    await two.waiting(1)
    second = two.second(bench.entry("transfer.create", transfer(a, b, 60)))
    done, _ = await asyncio.wait({first, second}, timeout=0.3)
    assert not done, "neither may commit yet"
    await two.release()
    assert reasons(await first) == reasons(await second) == [None]
    assert [await bench.balance(w) for w in (a, b)] == [40, 60]


@pytest.mark.parametrize("guard", ["guarded", "without"])
async def test_nothing_is_answered_before_the_batch_it_rests_on_commits(
    guard: str, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy of an operation needs no account: only the order of commits holds its answer back."""
    if guard == "without":

        async def at_once(_turn: Turn) -> None:
            pass

        monkeypatch.setattr(Turn, "to_commit", at_once)
        monkeypatch.setattr(Turn, "before_ended", at_once)
    bench = two.bench
    a, id_ = await bench.wallet(), new_id()
    entry = bench.entry("wallet.adjust", credit(a, 100), id_)
    await two.hold()
    first = two.first(entry)
    await two.waiting(1)
    second = two.second(Entry(-1, "0-0", entry.payload))
    done, _ = await asyncio.wait({second}, timeout=0.5)
    assert bool(done) is (guard == "without"), "told of an outcome that no server keeps yet"
    await two.release()
    await first
    (answer,) = await second
    assert answer.is_replay


async def test_a_third_batch_goes_on_from_both_before_it(two: Two, database: str) -> None:
    """It spends what the first brings and what the second brings, and knows the first's ids."""
    bench, id_ = two.bench, new_id()
    a, b, c = [await bench.wallet() for _ in range(3)]
    third = await connect(database)
    await two.hold()
    first = two.first(bench.entry("wallet.adjust", credit(a, 100), id_))
    await two.waiting(1)
    turn = Turn(two.turn)
    second = two.second(bench.entry("transfer.create", transfer(a, b, 60)), turn=turn)
    entries = (
        bench.entry("transfer.create", transfer(a, c, 40)),
        bench.entry("transfer.create", transfer(b, c, 61)),
        bench.entry("transfer.create", transfer(b, c, 60)),
        bench.entry("wallet.adjust", credit(a, 100), id_),
    )
    last = asyncio.create_task(two.run(third, entries, Turn(turn)))
    done, _ = await asyncio.wait({first, second, last}, timeout=0.3)
    assert not done, "none may commit yet"
    await two.release()
    assert reasons(await first) == reasons(await second) == [None]
    answers = await last
    assert reasons(answers) == [None, "insufficient_funds", None, None]
    assert answers[3].is_replay
    assert [await bench.balance(w) for w in (a, b, c)] == [0, 0, 100]
    await third.close()


async def test_what_was_decided_on_a_batch_that_fails_is_decided_again(two: Two) -> None:
    """The credit is parked in the end: who spent it is refused."""
    bench = two.bench
    a, b = await bench.wallet(), await bench.wallet()
    await bench.connection.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN RAISE EXCEPTION 'not this one'; END $$;"
        f" CREATE CONSTRAINT TRIGGER fail AFTER UPDATE ON accounts DEFERRABLE INITIALLY DEFERRED"
        f" FOR EACH ROW WHEN (NEW.id = {a} AND NEW.credits_posted = 100) EXECUTE FUNCTION fail()"
    )
    await two.hold()
    first = two.first(bench.entry("wallet.adjust", credit(a, 100)))
    await two.waiting(1)
    second = two.second(bench.entry("transfer.create", transfer(a, b, 60)))
    await asyncio.wait({second}, timeout=0.2)
    await two.release()
    assert reasons(await first) == ["parked"]
    assert reasons(await second) == ["insufficient_funds"]


async def test_somebody_who_comes_between_the_commits_is_waited_for(
    two: Two, database: str
) -> None:
    """An account that both batches need is written by a third in between: decided again."""
    bench = two.bench
    a, b = await bench.wallet(), await bench.wallet()
    between = await connect(database)
    await two.hold()
    first = two.first(bench.entry("wallet.adjust", credit(a, 100)))
    await two.waiting(1)
    spending = between.transaction()
    await spending.start()
    spent = asyncio.create_task(
        between.execute("UPDATE accounts SET debits_pending = 70 WHERE id = $1", a)
    )
    await two.waiting(2)
    turn = LateTurn(two.turn)
    second = two.second(bench.entry("transfer.create", transfer(a, b, 60)), turn=turn)
    await two.release()
    await first
    await spent
    turn.let.set()
    await two.waiting(1)
    await spending.commit()
    assert reasons(await second) == ["insufficient_funds"]
    await between.close()
