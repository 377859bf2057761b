"""A few operations in one round trip or two, and when they take the usual way instead."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from payments.entrypoints.consumer import TELLER
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import new_id
from payments.kernel.sql import load_sql
from payments.operations import kept, quick
from payments.operations.apply import Applier
from payments.operations.envelope import Intent
from payments.registry import OPERATIONS
from payments.wallets.open import OpenWallet
from streams.ownership import ensure_partitions
from tests.fixtures.postgres_front import Front, front
from tests.integration.test_apply import EXPLODE, Bench, Explode, credit, reasons, transfer


class Quick(Bench):
    """A bench as a consumer is; `trips` are those of `apply`."""

    def __init__(self, connection: Connection, front: Front) -> None:
        super().__init__(connection)
        self.applier = Applier((*OPERATIONS, EXPLODE), utc_now, TELLER, is_quick=True)
        self._front = front

    @property
    def trips(self) -> int:
        """So far."""
        return self._front.trips


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Quick]:
    async with front(database) as counting:
        connection = await connect(counting.url())
        await ensure_partitions(connection, 4)
        yield Quick(connection, counting)
        await connection.close()


async def test_a_payment_alone_takes_two_round_trips_and_the_next_one(bench: Quick) -> None:
    """Accounts that were written lately are not read again."""
    a, b = await bench.wallet(100), await bench.wallet()
    for count in (1, 3, quick.MAX):
        entries = [bench.entry("transfer.create", transfer(a, b, 1)) for _ in range(count)]
        for _ in range(2):
            bench.applier.forget(0)
            await bench.apply(*entries)  # statements are prepared by now
        bench.applier.forget(0)
        before = bench.trips
        answers = await bench.apply(*entries)
        assert all(answer.is_replay for answer in answers)
        assert bench.trips - before == 2
        for trips in (1, 1):
            before = bench.trips
            again = [bench.entry("transfer.create", transfer(a, b, 1)) for _ in range(count)]
            assert reasons(await bench.apply(*again)) == [None] * count
            assert bench.trips - before == trips


async def test_a_repeat_is_told_where_nothing_was_read(bench: Quick) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    first = bench.entry("transfer.create", transfer(a, b, 10))
    await bench.apply(first)
    await bench.apply(bench.entry("transfer.create", transfer(a, b, 5)))
    (repeat,) = await bench.apply(first)
    assert repeat.is_replay
    assert await bench.balance(a) == 85
    before = bench.trips
    await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))
    assert bench.trips - before == 1  # a repeat is nobody else's change
    (parked,) = await bench.apply(bench.entry("test.explode", Explode(how="raise")))
    assert reasons([parked]) == ["parked"]


@pytest.mark.parametrize("guard", ["guarded", "without"])
async def test_an_account_that_somebody_else_has_changed_since_is_read_again(
    bench: Quick, database: str, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the guard, what was written lately would be spent twice."""
    a, b = await bench.wallet(100), await bench.wallet()
    bench.applier.forget(0)  # the statement that reads is prepared by now
    await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))
    other = Bench(await connect(database))
    hold = CreateHold(wallet_id=a, minor=60, currency="RUB")
    assert reasons(await other.apply(other.entry("hold.create", hold))) == [None]
    await other.connection.close()
    if guard == "without":
        text = load_sql(quick.__file__, "quick_write")
        _replace(monkeypatch, text.replace(" AND u.written_by = a.xmin", ""))
    answers = await bench.apply(bench.entry("transfer.create", transfer(a, b, 60)))
    assert reasons(answers) == ["insufficient_funds" if guard == "guarded" else None]
    if guard == "guarded":  # for some seconds accounts are read each time
        c, d = await bench.wallet(100), await bench.wallet()
        for _ in range(2):
            before = bench.trips
            await bench.apply(bench.entry("transfer.create", transfer(c, d, 1)))
            assert bench.trips - before == 2


async def test_what_a_large_batch_has_written_is_not_read_again(bench: Quick) -> None:
    a, b = await bench.wallet(1000), await bench.wallet()
    await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))
    many = [bench.entry("transfer.create", transfer(a, b, 1)) for _ in range(quick.MAX + 1)]
    assert reasons(await bench.apply(*many)) == [None] * len(many)
    before = bench.trips
    answers = await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))
    assert reasons(answers) == [None]
    assert bench.trips - before == 1
    assert await bench.balance(b) == quick.MAX + 3


async def test_few_accounts_are_kept(bench: Quick, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_HALF_MAX", 2)
    wallets = [await bench.wallet(10) for _ in range(6)]
    for a, b in zip(wallets[::2], wallets[1::2], strict=True):
        await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))
    assert len(bench.applier.kept) == 4


async def test_what_needs_more_than_accounts_takes_few_round_trips(bench: Quick) -> None:
    """Figures of today: a statement more in the engine shows here."""
    a = await bench.wallet(100)
    counts = []
    intents: tuple[tuple[str, Intent], ...] = (
        ("hold.create", CreateHold(wallet_id=a, minor=1, currency="RUB")),
        ("wallet.open", OpenWallet(currency="RUB", owner="o")),
    )
    for kind, intent in intents:
        await bench.apply(bench.entry(kind, intent))
        before = bench.trips
        assert reasons(await bench.apply(bench.entry(kind, intent))) == [None]
        counts.append(bench.trips - before)
    assert counts == [11, 10]


async def test_the_rows_are_those_of_the_usual_way(bench: Quick) -> None:
    """One statement with JSON and COPY write the same, but for ids, times and balances."""
    wallets = await bench.wallet(1000), await bench.wallet()
    quickly = await _written(bench, *wallets)
    bench.applier = Applier(OPERATIONS, utc_now, TELLER)
    assert await _written(bench, *wallets) == quickly


async def _written(bench: Quick, a: int, b: int) -> list[object]:
    since = await bench.connection.fetchval("SELECT clock_timestamp()")
    answers = await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 5)),
        bench.entry("transfer.create", transfer(a, b, 5000)),
        bench.entry("wallet.adjust", credit(a, 5)),
    )
    assert reasons(answers) == [None, "insufficient_funds", None]
    rows: list[object] = []
    for columns, table, time in (
        ("kind, actor, length(digest), status, reason, effects::text", "operations", "decided_at"),
        ("kind, actor, currency_number, minor, postings::text, metadata::text, reference",
         "transactions", "created_at"),
        ("reversal_of, reversed_by", "transactions", "created_at"),
        ("trait", "transaction_traits", "created_at"),
        ("tableoid::regclass::text", "transactions", "created_at"),
        ("source_wallet_id, destination_wallet_id, minor, currency, reversed_minor, description",
         "transfers", "created_at"),
        ("account_id, amount, book, currency", "entries", "recorded_at"),
        ("event_count", "event_batches", "written_at"),
    ):  # fmt: skip
        query = f"SELECT {columns} FROM {table} WHERE {time} > $1 ORDER BY {columns}"
        rows += [tuple(row) for row in await bench.connection.fetch(query, since)]
    return rows


@pytest.mark.parametrize("guard", ["guarded", "without"])
async def test_an_account_that_changes_before_it_is_written_is_decided_again(
    bench: Quick, database: str, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody holds the money after it was read. Without the guard it would be spent."""
    a, b = await bench.wallet(100), await bench.wallet()
    other = Bench(await connect(database))
    read = quick.read

    async def read_then_spend(connection: Connection, *arguments: Any) -> Any:
        seen = await read(connection, *arguments)
        monkeypatch.setattr(quick, "read", read)
        hold = CreateHold(wallet_id=a, minor=60, currency="RUB")
        await other.apply(other.entry("hold.create", hold))
        return seen

    monkeypatch.setattr(quick, "read", read_then_spend)
    if guard == "without":
        text = load_sql(quick.__file__, "quick_write")
        _replace(monkeypatch, text.replace(" AND u.written_by = a.xmin", ""))
    answers = await bench.apply(bench.entry("transfer.create", transfer(a, b, 60)))
    await other.connection.close()
    assert reasons(answers) == ["insufficient_funds" if guard == "guarded" else None]


def _replace(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def replaced(file: str, name: str) -> str:
        return text if name == "quick_write" else load_sql(file, name)

    monkeypatch.setattr(quick, "load_sql", replaced)
    monkeypatch.setattr(quick, "_statement", quick._statement.__wrapped__)


async def test_a_locked_account_is_waited_for_as_usual(bench: Quick, database: str) -> None:
    a, b, c = [await bench.wallet(10) for _ in range(3)]
    bench.applier = Applier(OPERATIONS, utc_now, TELLER, sets_aside=True, is_quick=True)
    other = await connect(database)
    async with other.transaction():
        await other.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", a)
        answers = await bench.apply(
            bench.entry("transfer.create", transfer(a, b, 1)),
            bench.entry("transfer.create", transfer(c, b, 1)),
        )
        assert reasons(answers) == [None]
        assert bench.applier.aside
    await asyncio.sleep(0.06)  # the pause between two tries
    assert reasons(await bench.apply()) == [None]
    assert [await bench.balance(one) for one in (a, b, c)] == [9, 12, 9]
    await other.close()


async def test_nothing_is_written_when_an_entry_fails(bench: Quick) -> None:
    """It is parked alone, and the others are applied."""
    a, b = await bench.wallet(10), await bench.wallet()
    answers = await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 1)),
        bench.entry("test.explode", Explode(how="raise")),
        bench.entry("transfer.create", transfer(a, b, 1)),
    )
    assert reasons(answers) == [None, "parked", None]
    assert await bench.balance(b) == 2


async def test_other_content_under_an_id_is_a_conflict(bench: Quick) -> None:
    a, b = await bench.wallet(10), await bench.wallet()
    id_ = new_id()
    await bench.apply(bench.entry("transfer.create", transfer(a, b, 1), id_))
    (answer,) = await bench.apply(bench.entry("transfer.create", transfer(a, b, 2), id_))
    assert answer.is_conflict
    assert await bench.connection.fetchval("SELECT count(*) FROM operation_conflicts") == 1
    assert await bench.balance(b) == 1


async def test_a_hold_that_has_ended_is_released_as_usual(bench: Quick) -> None:
    a, b = await bench.wallet(10), await bench.wallet()
    hold = CreateHold(wallet_id=a, minor=10, currency="RUB", expires_in_s=0)
    assert reasons(await bench.apply(bench.entry("hold.create", hold))) == [None]
    answers = await bench.apply(bench.entry("transfer.create", transfer(a, b, 10)))
    assert reasons(answers) == [None]
