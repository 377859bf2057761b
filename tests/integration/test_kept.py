"""Accounts that stay in the memory of a consumer, and every way in which they may be outdated."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from payments.entrypoints.consumer import TELLER
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import AccountId, new_id
from payments.kernel.sql import load_sql
from payments.ledger import lock, post
from payments.ledger.account import Account
from payments.ledger.balances import Balances
from payments.operations.apply import Applier
from payments.operations.items import Answer
from payments.registry import OPERATIONS
from payments.wallets.freeze import FreezeWallet
from streams.entry import Entry
from streams.ownership import ensure_partitions
from streams.turns import Turn
from tests.fixtures.postgres_front import front
from tests.integration.test_apply import Bench, credit, reasons, transfer
from tests.integration.test_two_lanes import LateTurn

BOTH = pytest.mark.parametrize("guard", ["guarded", "without"])
_MANY = 12
"""More than the statement for a few operations takes."""


class Keeping(Bench):
    """A bench whose batches are those of a consumer, on several sessions, and somebody else."""

    def __init__(self, sessions: Sequence[Connection], other: Connection) -> None:
        super().__init__(sessions[0])
        self.applier = Applier(OPERATIONS, utc_now, TELLER, sets_aside=True, is_quick=True)
        self.sessions = sessions
        self.other = Bench(other)

    def many(self, source: int, destination: int, minor: int = 1) -> list[Entry]:
        """A batch of transfers."""
        return [
            self.entry("transfer.create", transfer(source, destination, minor))
            for _ in range(_MANY)
        ]

    async def wallets(self, *minor: int) -> list[int]:
        """Wallets that are kept."""
        wallets = [await self.wallet(1000 + one) for one in minor]
        takers = [await self.wallet() for _ in minor]
        for wallet, taker in zip(wallets, takers, strict=True):
            entries = [self.entry("transfer.create", transfer(wallet, taker, 990))]
            entries += self.many(wallet, taker, 1)[:10]
            assert reasons(await self.apply(*entries)) == [None] * 11
            assert wallet in self.kept()
        return wallets

    def kept(self) -> dict[AccountId, Account]:
        """What is kept at this moment."""
        return {**self.applier.kept._old, **self.applier.kept._young}

    async def hold(self, wallet: int, minor: int) -> None:
        """Somebody else holds money."""
        hold = CreateHold(wallet_id=wallet, minor=minor, currency="RUB")
        assert reasons(await self.other.apply(self.other.entry("hold.create", hold))) == [None]


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Keeping]:
    connections = [await connect(database) for _ in range(4)]
    await ensure_partitions(connections[0], 4)
    yield Keeping(connections[:3], connections[3])
    for connection in connections:
        await connection.close(timeout=5)


def without(monkeypatch: pytest.MonkeyPatch, module: Any, statement: str, condition: str) -> None:
    """Take a condition out of a statement."""

    def replaced(file: str, name: str) -> str:
        text = load_sql(file, name)
        if name != statement:
            return text
        assert condition in text
        return text.replace(condition, "")

    monkeypatch.setattr(module, "load_sql", replaced)


async def test_accounts_that_a_batch_has_written_are_not_read_by_the_next(database: str) -> None:
    async with front(database) as counting:
        session, other = await connect(counting.url()), await connect(database)
        await ensure_partitions(session, 4)
        bench = Keeping([session], other)
        (a, b), trips = await bench.wallets(1000, 0), []
        for clears in (True, True, False):
            if clears:
                bench.applier.kept.clear()
            before = counting.trips
            assert reasons(await bench.apply(*bench.many(a, b))) == [None] * _MANY
            trips.append(counting.trips - before)
        assert trips[1] - trips[2] == 1  # the first time statements are prepared as well
        await session.close()
        await other.close()


@BOTH
async def test_money_that_somebody_holds_meanwhile_is_not_spent(
    bench: Keeping, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await bench.wallets(_MANY, 0)
    await bench.hold(a, _MANY - 2)
    if guard == "without":
        condition = "AND (a.xmin = u.written_by OR u.written_by IS NULL)"
        without(monkeypatch, post, "update_accounts", condition)
    answers = reasons(await bench.apply(*bench.many(a, b)))
    assert answers.count(None) == (2 if guard == "guarded" else _MANY)
    if guard == "guarded":  # for some seconds nothing is kept
        await bench.apply(*bench.many(b, a))
        assert not bench.kept()


@BOTH
async def test_money_that_came_meanwhile_is_seen(
    bench: Keeping, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account is only decided by: its counters do not change where all is refused."""
    a, b = await bench.wallets(0, 0)
    await bench.other.apply(bench.other.entry("wallet.adjust", credit(a, _MANY)))
    if guard == "without":
        without(monkeypatch, lock, "lock_as_read", " AND u.written_by = a.xmin")
    answers = reasons(await bench.apply(*bench.many(a, b)))
    assert answers == ([None] if guard == "guarded" else ["insufficient_funds"]) * _MANY


async def test_what_is_read_and_changes_before_it_is_written_is_decided_again(
    bench: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await bench.wallets(_MANY, 0)
    bench.applier.kept.clear()
    await _in_between(bench, monkeypatch, lambda: bench.hold(a, _MANY - 2))
    answers = reasons(await bench.apply(*bench.many(a, b)))
    assert answers.count(None) == 2
    assert not bench.kept()


@BOTH
async def test_a_wallet_that_is_frozen_meanwhile_pays_nothing(
    bench: Keeping, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await bench.wallets(_MANY, 0)
    freeze = FreezeWallet(wallet_id=a, is_frozen=True, direction="debits")
    await bench.other.apply(bench.other.entry("wallet.freeze", freeze))
    if guard == "without":
        condition = "AND (a.xmin = u.written_by OR u.written_by IS NULL)"
        without(monkeypatch, post, "update_accounts", condition)
    answers = reasons(await bench.apply(*bench.many(a, b)))
    assert answers == (["wallet_frozen"] if guard == "guarded" else [None]) * _MANY


async def test_balances_of_a_batch_that_fails_are_forgotten(
    bench: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is decided in memory, on the accounts themselves, before it fails."""
    a, b, c = await bench.wallets(_MANY, 0, 0)
    await _in_between(bench, monkeypatch, _fail)
    with pytest.raises(asyncio.CancelledError):
        await bench.apply(*bench.many(a, b))
    assert a not in bench.kept()
    assert reasons(await bench.apply(*bench.many(a, c))) == [None] * _MANY


async def test_what_a_later_batch_has_changed_and_not_written_is_not_kept(
    bench: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both change the same account in memory; the first commits after the second has failed."""
    a, b = await bench.wallets(3 * _MANY, 0)
    turn = LateTurn()
    first = asyncio.create_task(bench.applier.apply(bench.sessions[0], bench.many(a, b), turn))
    await turn.is_loaded.wait()
    await _in_between(bench, monkeypatch, _fail, session=1)
    second = bench.applier.apply(bench.sessions[1], bench.many(a, b), Turn(turn))
    with pytest.raises(asyncio.CancelledError):
        await second
    turn.let.set()
    assert reasons(await first) == [None] * _MANY
    turn.end()
    assert a not in bench.kept()
    assert reasons(await bench.apply(*bench.many(a, b, 2))) == [None] * _MANY
    assert await bench.balance(a) == 0


async def _in_between(
    bench: Keeping,
    monkeypatch: pytest.MonkeyPatch,
    happen: Callable[[], Awaitable[None]],
    session: int = 0,
) -> None:
    """Let something happen between the decision and the writing of the next batch of a session."""
    first = post.open_accounts

    async def then_write(connection: Connection, balances: Balances) -> None:
        if connection is bench.sessions[session]:
            monkeypatch.setattr(post, "open_accounts", first)
            await happen()
        await first(connection, balances)

    monkeypatch.setattr(post, "open_accounts", then_write)


async def _fail() -> None:
    raise asyncio.CancelledError


async def test_a_row_that_somebody_has_locked_holds_up_only_who_needs_it(bench: Keeping) -> None:
    a, b, c = await bench.wallets(_MANY, _MANY, 0)
    await bench.other.connection.execute("BEGIN")
    await bench.other.connection.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", a)
    answers = await bench.apply(*bench.many(a, c), *bench.many(b, c))
    assert reasons(answers) == [None] * _MANY
    assert await bench.balance(b) == 0
    assert bench.applier.aside
    await bench.other.connection.execute("ROLLBACK")
    await asyncio.sleep(0.06)  # the pause between two tries
    assert reasons(await bench.apply()) == [None] * _MANY
    assert await bench.balance(a) == 0


async def test_batches_beside_each_other_go_on_from_what_is_kept(bench: Keeping) -> None:
    """Three at once: each on top of those before, and all is kept in the end."""
    a, b, c = await bench.wallets(4 * _MANY, 0, 0)
    turns = [Turn()]
    for _ in range(2):
        turns.append(Turn(turns[-1]))

    async def run(number: int, entries: list[Entry]) -> list[Answer]:
        answers = await bench.applier.apply(bench.sessions[number], entries, turns[number])
        await turns[number].before_ended()
        turns[number].end()
        return answers

    batches = [bench.many(a, b, 4), bench.many(b, c, 4), bench.many(c, a, 4)]
    tasks = [asyncio.create_task(run(n, batch)) for n, batch in enumerate(batches)]
    for answers in await asyncio.gather(*tasks):
        assert reasons(answers) == [None] * _MANY
    for wallet, minor in ((a, 4 * _MANY), (b, 0), (c, 0)):
        account = bench.kept()[AccountId(wallet)]
        row = await bench.connection.fetchrow(
            "SELECT xmin, credits_posted - debits_posted FROM accounts WHERE id = $1", wallet
        )
        assert row is not None
        assert tuple(row) == (account.written_by, account.balance)
        assert account.balance == minor


async def test_an_account_that_comes_into_being_is_kept_as_it_is_written(bench: Keeping) -> None:
    """New rows, limits and states: whatever a batch writes has its transaction."""
    a, b = await bench.wallets(_MANY, 0)
    freeze = bench.entry(
        "wallet.freeze", FreezeWallet(wallet_id=b, is_frozen=True, direction="debits")
    )
    assert reasons(await bench.apply(*bench.many(a, b), freeze)) == [None] * (_MANY + 1)
    before = bench.applier.kept._apart_until_s
    assert reasons(await bench.apply(*bench.many(b, a))) == ["wallet_frozen"] * _MANY
    assert bench.applier.kept._apart_until_s == before, "it was not as it was kept"


async def test_among_others_accounts_are_kept_within_a_shift(bench: Keeping) -> None:
    a, b = await bench.wallets(5 * _MANY, 0)
    bench.applier.ways.contended()
    for shift in (0, 1, 1, 2, 0):
        if shift == 2:  # the turn of others
            await bench.hold(a, _MANY)
        answers = await bench.applier.apply(
            bench.sessions[0], bench.many(a, b)[:9], Turn(shift=shift)
        )
        assert reasons(answers) == [None] * 9
        assert (a in bench.kept()) is bool(shift)
    assert bench.applier.kept._apart_until_s == 0, "it was not as it was kept"
    assert await bench.balance(a) == 5 * _MANY - 5 * 9


async def test_a_repeat_beside_a_large_batch_is_told(bench: Keeping) -> None:
    a, b = await bench.wallets(2 * _MANY, 0)
    entry = bench.entry("transfer.create", transfer(a, b, 1), new_id())
    assert reasons(await bench.apply(*bench.many(a, b), entry)) == [None] * (_MANY + 1)
    answers = await bench.apply(entry, *bench.many(b, a)[:1], *bench.many(a, b)[:10])
    assert [answer.is_replay for answer in answers] == [True] + [False] * 11
