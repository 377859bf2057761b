"""Transfers that share their row with their transaction, and what consumers of 0.1.0 do to them."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec
import pytest

from payments.entrypoints.consumer import TELLER
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.kernel.ids import new_id
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments.transactions.reverse import ReverseTransaction
from payments.transfers.reverse import ReverseTransfer
from streams.ownership import ensure_partitions
from tests.integration.test_apply import Bench, reasons, transfer


@pytest.fixture(params=[False, True], ids=["usual", "quick"])
async def bench(database: str, request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    bench = Bench(connection)
    bench.applier = Applier(OPERATIONS, utc_now, TELLER, is_quick=request.param)
    yield bench
    await connection.close()


async def moved(bench: Bench) -> UUID:
    """A transfer; its id."""
    a, b = await bench.wallet(100), await bench.wallet()
    id_ = new_id()
    entry = bench.entry("transfer.create", transfer(a, b, 60), id_)
    assert reasons(await bench.apply(entry)) == [None]
    return id_


@pytest.mark.parametrize("table", ["transfers", "transactions"])
async def test_both_tables_show_the_one_row(bench: Bench, table: str) -> None:
    id_ = await moved(bench)
    query = f"SELECT tableoid::regclass::text FROM {table} WHERE id = $1"
    rows = await bench.connection.fetch(query, id_)
    assert [row[0] for row in rows] == ["transfer_transactions"]


async def test_a_consumer_of_0_1_0_reverses_it(bench: Bench) -> None:
    """Its statements, which name `transfers` only."""
    id_ = await moved(bench)
    await bench.connection.fetchrow(
        "SELECT id, minor FROM transfers WHERE id = ANY($1::uuid[]) FOR NO KEY UPDATE", [id_]
    )
    await bench.connection.execute(
        "UPDATE transfers AS t SET reversed_minor = u.reversed_minor"
        " FROM unnest($1::uuid[], $2::bigint[]) AS u (id, reversed_minor) WHERE t.id = u.id",
        [id_],
        [60],
    )
    entry = bench.entry("transaction.reverse", ReverseTransaction(transaction_id=id_))
    assert reasons(await bench.apply(entry)) == ["already_reversed"]


async def test_made_and_reversed_in_one_batch(bench: Bench) -> None:
    a, b = await bench.wallet(100), await bench.wallet()
    first, second, back = new_id(), new_id(), new_id()
    answers = await bench.apply(
        bench.entry("transfer.create", transfer(a, b, 60), first),
        bench.entry("transfer.create", transfer(a, b, 7), second),
        bench.entry("transaction.reverse", ReverseTransaction(transaction_id=first), back),
        bench.entry("transfer.reverse", ReverseTransfer(transfer_id=second, minor=3)),
    )
    assert reasons(answers) == [None] * 4
    rows = await bench.connection.fetch(
        "SELECT minor, reversed_minor, reversed_by, reversal_of, postings::text, description,"
        " operation_id = id AS is_own FROM transfer_transactions ORDER BY minor, reversal_of NULLS"
        " FIRST"
    )
    said = [(r["minor"], r["reversed_minor"], r["reversed_by"], r["reversal_of"]) for r in rows]
    assert said == [
        (3, 0, None, second),
        (7, 3, None, None),
        (60, 60, back, None),
        (60, 0, None, first),
    ]
    assert [msgspec.json.decode(r["postings"])[0][:3] for r in rows] == [
        [b, a, 3], [a, b, 7], [a, b, 60], [b, a, 60],
    ]  # fmt: skip
    assert [r["description"] for r in rows] == [
        f"reversal of {second}", "", "", f"reversal of {first}",
    ]  # fmt: skip
    assert await bench.connection.fetchval("SELECT count(*) FROM ONLY transfers") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE transfers SET minor = 61, reversed_minor = 0",
        "UPDATE transactions SET actor = 'somebody'",
        "DELETE FROM transfers",
        "DELETE FROM transactions",
        "TRUNCATE transfers CASCADE",
    ],
)
async def test_what_moved_is_never_rewritten(bench: Bench, statement: str) -> None:
    await moved(bench)
    with pytest.raises(asyncpg.RestrictViolationError):
        await bench.connection.execute(statement)
