"""The engine on a real database: batches, stored outcomes, conflicts, bisection, dead letters."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
import pytest

from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import AccountId, OperationId, new_id
from payments.ledger.posting import Leg
from payments.operations.apply import Applier
from payments.operations.conflicts import CONFLICTS_MAX
from payments.operations.envelope import Intent, encode, seal
from payments.operations.items import Answer
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Result
from payments.registry import OPERATIONS
from payments.transfers.create import CreateTransfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from streams.entry import Entry
from streams.ownership import ensure_partitions


class Explode(Intent, frozen=True, kw_only=True):
    """An intent whose decide has a bug."""

    how: str


def explode(intent: Explode, _state: State, _context: Context) -> Outcome:
    if intent.how == "raise":
        raise ZeroDivisionError("a bug in decide")
    return Applied(result=Result(), legs=(Leg(intent_account(), -5), Leg(intent_account(), 4)))


def intent_account() -> AccountId:
    return AccountId(1)


EXPLODE: Operation[Explode] = Operation(
    kind="test.explode",
    intent=Explode,
    result=Result,
    partition_key=lambda _: 0,
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=explode,
)


class Bench:
    """Applies intents straight, as a consumer would."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.applier = Applier((*OPERATIONS, EXPLODE), utc_now)
        self._seq = 0

    def entry(
        self, kind: str, intent: Intent, operation_id: UUID | None = None, partition: int = 0
    ) -> Entry:
        """The entry an intent would become in the stream."""
        self._seq += 1
        envelope = seal(OperationId(operation_id or new_id()), kind, "test", intent, utc_now(), "")
        return Entry(partition, f"1-{self._seq}", encode(envelope))

    async def apply(self, *entries: Entry) -> list[Answer]:
        """One batch."""
        return await self.applier.apply(self.connection, entries)

    async def wallet(self, minor: int = 0) -> int:
        """A new wallet holding that much."""
        (answer,) = await self.apply(
            self.entry("wallet.open", OpenWallet(currency="RUB", owner="o"))
        )
        assert answer.decision is not None
        number = int(msgspec.json.decode(answer.decision.result)["wallet_id"])
        if minor:
            await self.apply(self.entry("wallet.adjust", credit(number, minor)))
        return number

    async def balance(self, wallet: int) -> int:
        """What the wallet's account holds."""
        found = await self.connection.fetchval(
            "SELECT credits_posted - debits_posted FROM accounts WHERE id = $1", wallet
        )
        return int(found)


def credit(wallet: int, minor: int) -> AdjustWallet:
    return AdjustWallet(
        wallet_id=wallet, minor=minor, currency="RUB", is_credit=True, reason="test"
    )


def transfer(source: int, destination: int, minor: int) -> CreateTransfer:
    return CreateTransfer(
        source_wallet_id=source, destination_wallet_id=destination, minor=minor, currency="RUB"
    )


def reasons(answers: list[Answer]) -> list[str | None]:
    return [a.decision.reason if a.decision else "parked" for a in answers]


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    yield Bench(connection)
    await connection.close()


async def test_a_batch_is_decided_in_stream_order(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    answers = await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 60)),
        bench.entry("transfer.create", transfer(a, b, 60)),
        bench.entry("transfer.create", transfer(b, a, 60)),
        bench.entry("transfer.create", transfer(a, b, 60)),
    )
    assert reasons(answers) == [None, "insufficient_funds", None, None]
    assert (await bench.balance(a), await bench.balance(b)) == (40, 60)


async def test_the_same_operation_again_changes_nothing_and_answers_the_same(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    entry = bench.entry("transfer.create", transfer(a, b, 10), UUID(int=5))
    first, twin = await bench.apply(entry, entry)
    (later,) = await bench.apply(entry)
    assert first.decision is not None
    assert twin.decision is not None
    assert later.decision is not None
    assert first.decision.result == twin.decision.result == later.decision.result
    assert (first.is_replay, twin.is_replay, later.is_replay) == (False, True, True)
    assert await bench.balance(b) == 10


async def test_a_refusal_is_stored_and_stays(bench: Bench) -> None:
    a, b = await bench.wallet(), await bench.wallet()
    entry = bench.entry("transfer.create", transfer(a, b, 10))
    assert reasons(await bench.apply(entry)) == ["insufficient_funds"]
    await bench.apply(bench.entry("wallet.adjust", credit(a, 1000)))
    assert reasons(await bench.apply(entry)) == ["insufficient_funds"]
    assert await bench.balance(b) == 0


async def test_other_content_under_a_known_id_is_recorded_and_never_applied(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    first = bench.entry("transfer.create", transfer(a, b, 10), UUID(int=9))
    other = bench.entry("transfer.create", transfer(a, b, 11), UUID(int=9))
    answers = await bench.apply(first, other)
    (again,) = await bench.apply(other)
    assert [x.is_conflict for x in (*answers, again)] == [False, True, True]
    assert await bench.balance(b) == 10
    assert await bench.connection.fetchval("SELECT count(*) FROM operation_conflicts") == 1


@pytest.mark.case("C18")
async def test_contents_kept_of_one_id_are_bounded(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    id_ = UUID(int=9)
    first = bench.entry("transfer.create", transfer(a, b, 1), id_)
    others = [
        bench.entry("transfer.create", transfer(a, b, n), id_) for n in range(2, CONFLICTS_MAX + 20)
    ]
    answers = await bench.apply(first, *others[:10])
    answers += await bench.apply(*others[10:])
    assert sum(x.is_conflict for x in answers) == len(others)
    kept = await bench.connection.fetchval("SELECT count(*) FROM operation_conflicts")
    assert kept == CONFLICTS_MAX
    assert await bench.balance(b) == 1


async def test_one_that_crashes_is_parked_and_its_neighbours_go_on(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    answers = await bench.apply(
        *(bench.entry("transfer.create", transfer(a, b, 1)) for _ in range(5)),
        bench.entry("test.explode", Explode(how="raise")),
        *(bench.entry("transfer.create", transfer(a, b, 1)) for _ in range(5)),
        bench.entry("test.explode", Explode(how="unbalanced")),
        Entry(0, "1-999", b"\xff not json"),
    )
    assert sorted(map(str, reasons(answers))) == ["None"] * 10 + ["parked"] * 3
    assert await bench.balance(b) == 10
    letters = await bench.connection.fetch("SELECT error, payload FROM dead_letters ORDER BY id")
    assert len(letters) == 3
    assert any("a bug in decide" in row["error"] for row in letters)
    assert any(row["payload"] == b"\xff not json" for row in letters)


async def test_the_position_of_each_partition_is_written_with_the_batch(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 1), partition=1),
        bench.entry("transfer.create", transfer(a, b, 1), partition=2),
        bench.entry("transfer.create", transfer(a, b, 1), partition=1),
    )
    rows = await bench.connection.fetch(
        "SELECT partition, last_seq FROM stream_partitions ORDER BY partition"
    )
    positions = {row["partition"]: row["last_seq"] for row in rows}
    assert positions[1] == positions[2] + 1
    assert positions[3] == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET amount = 1",
        "DELETE FROM entries",
        "TRUNCATE entries",
        "DELETE FROM operations",
        "UPDATE operations SET status = 'applied'",
        "UPDATE payout_evidence SET verdict = 'stale'",
        "DELETE FROM deposit_evidence",
        "TRUNCATE operation_conflicts",
    ],
)
async def test_what_happened_cannot_be_changed(bench: Bench, statement: str) -> None:
    await bench.wallet(5)
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await bench.connection.execute(statement)


async def test_the_database_refuses_entries_that_do_not_balance(bench: Bench) -> None:
    a = await bench.wallet()
    with pytest.raises(asyncpg.PostgresError, match="off by 5"):
        await bench.connection.execute(
            "INSERT INTO entries VALUES ($1, 1, 5, 5, now(), $2, 0, 643)", a, UUID(int=1)
        )


async def test_the_database_refuses_an_overdraft(bench: Bench) -> None:
    a = await bench.wallet(5)
    with pytest.raises(asyncpg.CheckViolationError):
        await bench.connection.execute("UPDATE accounts SET debits_posted = 6 WHERE id = $1", a)


async def test_the_balance_at_a_time_is_found(bench: Bench) -> None:
    from payments.kernel.sql import load_sql  # noqa: PLC0415
    from payments.ledger import post  # noqa: PLC0415

    a = await bench.wallet()
    times = []
    for minor in (5, 7, 11):
        times.append(utc_now())
        await bench.apply(bench.entry("wallet.adjust", credit(a, minor)))
    times.append(utc_now())
    query = load_sql(post.__file__, "balance_at")
    assert [await bench.connection.fetchval(query, a, at) for at in times] == [0, 5, 12, 23]
