"""Transfers decided in few steps and by their `decide`: the same rows, byte for byte."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import AccountId, OperationId, derived_id, new_id
from payments.kernel.randomness import seeded
from payments.ledger import post
from payments.ledger.account import ChangedSinceError
from payments.ledger.balances import Balances
from payments.ledger.lock import lock_accounts
from payments.operations.apply import Applier
from payments.operations.envelope import encode, seal
from payments.registry import OPERATIONS
from payments.transactions.reverse import ReverseTransaction
from payments.transfers.create import CreateTransfer
from payments.transfers.reverse import ReverseTransfer
from streams.entry import Entry
from streams.ownership import ensure_partitions
from tests.integration.test_apply import Bench, reasons, transfer

TABLES = (
    "operations", "transfers", "transactions", "transfer_transactions", "transaction_traits",
    "entries", "event_batches", "accounts",
)  # fmt: skip


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    yield connection
    await connection.close()


def general() -> list[Any]:
    """The operations without their ways of few steps."""
    return [msgspec.structs.replace(one, plain=None) for one in OPERATIONS]


async def written(connection: Connection) -> dict[str, list[str]]:
    """Everything in the tables, as text."""
    rows: dict[str, list[str]] = {}
    for table in TABLES:
        skipped = {"event_batches": "id", "accounts": "created_at"}.get(table, "")
        found = await connection.fetch(
            f"SELECT to_jsonb(t) - $1::text AS row FROM {table} AS t ORDER BY 1::text", skipped
        )
        rows[table] = sorted(row[0] for row in found)
    return rows


def entries_of(wallets: list[int], ids: list[OperationId], at: datetime) -> list[list[Entry]]:
    """Batches with every case: enough money and too little, copies, reversals, the same wallet."""
    rng = seeded("plain")
    made = iter(ids)
    first, second = next(made), next(made)

    def entry(kind: str, intent: Any, id_: OperationId | None = None) -> Entry:
        return Entry(-1, "0-0", encode(seal(id_ or next(made), kind, "client:a", intent, at, "")))

    def create(**values: Any) -> CreateTransfer:
        usual = {
            "source_wallet_id": rng.choice(wallets), "destination_wallet_id": rng.choice(wallets),
            "minor": rng.randint(1, 40), "currency": "RUB",
        }  # fmt: skip
        return CreateTransfer(**{**usual, **values})

    usual = [entry("transfer.create", create()) for _ in range(60)]
    odd = [
        entry("transfer.create", create(description="for a book: \u00e9"), first),
        entry("transfer.create", create(currency="USD")),
        entry("transfer.create", create(source_wallet_id=10**6)),
        entry("transfer.create", transfer(wallets[0], wallets[1], 10**12)),
        entry("transfer.reverse", ReverseTransfer(transfer_id=first, minor=None)),
        entry("transfer.create", transfer(wallets[0], wallets[1], 3), second),
        entry("transfer.create", transfer(wallets[0], wallets[1], 3), second),
        entry("transaction.reverse", ReverseTransaction(transaction_id=second)),
        *(entry("transfer.create", create()) for _ in range(20)),
    ]
    return [usual, odd, [entry("transfer.create", create()) for _ in range(3)]]


async def test_both_ways_write_the_same(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = utc_now()
    bench = Bench(connection)
    wallets = [await bench.wallet(200) for _ in range(6)]
    frozen = await bench.wallet(50)
    await connection.execute("UPDATE accounts SET status = 'frozen_debits' WHERE id = $1", frozen)
    ids = [derived_id("key", "client:a", str(n)) if n % 3 == 0 else new_id() for n in range(200)]
    batches = entries_of([*wallets, frozen], list(ids), at)
    plainly = 0
    usual_move = Balances.move

    def counted(self: Balances, *values: Any) -> tuple[int, int] | None:
        nonlocal plainly
        after = usual_move(self, *values)
        plainly += after is not None
        return after

    monkeypatch.setattr(Balances, "move", counted)
    outcomes, tables = [], []
    for operations in (OPERATIONS, general()):
        before = plainly
        hold = connection.transaction()
        await hold.start()
        applier = Applier(operations, lambda: at + timedelta(seconds=1), TELLER)
        outcomes.append([reasons(await applier.apply(connection, one)) for one in batches])
        tables.append(await written(connection))
        await hold.rollback()
        assert (plainly - before > 50) is (operations is OPERATIONS)
    assert outcomes[0] == outcomes[1]
    for table in TABLES:
        assert tables[0][table] == tables[1][table], table
    assert {"insufficient_funds", "wallet_frozen", None} <= {r for one in outcomes[0] for r in one}


@pytest.mark.parametrize(
    "unusual",
    [
        "status = 'closed'", "guard = 0", "forced_debt = 5, debits_posted = credits_posted + 5",
        "currency = 'USD'", "book = 7",
    ],
)  # fmt: skip
async def test_what_is_unusual_is_left_to_decide(connection: Connection, unusual: str) -> None:
    bench = Bench(connection)
    a, b = [AccountId(await bench.wallet(100)) for _ in range(2)]
    await connection.execute(f"UPDATE accounts SET {unusual} WHERE id = $1", a)
    rows = await connection.fetch("SELECT * FROM accounts WHERE id = ANY($1::bigint[])", [a, b])
    balances = await lock_accounts(connection, [a, b], ())
    assert len(balances.accounts) == len(rows) == 2
    for payer, receiver in ((a, b), (b, a)):
        assert balances.move(payer, receiver, 10, "RUB", new_id(), utc_now()) is None
    assert not balances.entries
    assert not balances.changed


async def test_the_place_of_another_accounts_row_writes_nothing(connection: Connection) -> None:
    bench = Bench(connection)
    a, b = [AccountId(await bench.wallet(100)) for _ in range(2)]
    async with connection.transaction():
        balances = await lock_accounts(connection, [a, b], ())
        payer, receiver = balances.accounts[a], balances.accounts[b]
        assert payer.place is not None
        balances.move(a, b, 10, "RUB", new_id(), utc_now())
        payer.place, receiver.place = receiver.place, payer.place
        seen = {one.id: one.written_by for one in (payer, receiver)}
        counters, _ = post.counters_to_write(balances, seen, ())
        with pytest.raises(ChangedSinceError, match="2 accounts were read"):
            await post.write_counters(connection, counters, utc_now())
    assert [await bench.balance(one) for one in (a, b)] == [100, 100]


@pytest.mark.case("C19")
async def test_a_batch_updates_the_row_of_a_hot_account_once(connection: Connection) -> None:
    """Beside an open snapshot each update leaves a row version that cannot be cleaned."""
    bench = Bench(connection)
    hot, others = await bench.wallet(1000), [await bench.wallet(10) for _ in range(20)]
    await connection.execute(
        "CREATE TABLE updates (id bigint);"
        " CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$"
        " BEGIN INSERT INTO updates VALUES (NEW.id); RETURN NEW; END $$;"
        " CREATE TRIGGER note AFTER UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION note()"
    )
    pairs = [pair for other in others for pair in ((hot, other), (other, hot))]
    entries = [bench.entry("transfer.create", transfer(a, b, 1)) for a, b in pairs]
    assert reasons(await bench.apply(*entries)) == [None] * 40
    query = "SELECT count(*) FROM updates WHERE id = $1"
    assert await connection.fetchval(query, hot) == 1
    assert await connection.fetchval("SELECT count(*) FROM updates") == 21
