"""`entries`, partitioned by the operator's scripts: same guards, same answers, nothing lost."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import asyncpg
import pytest

from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect, create_engine
from payments.kernel.ids import AccountId
from payments.ledger.at_a_time import balance_at
from streams.ownership import ensure_partitions
from tests.fixtures.invariants import assert_invariants
from tests.integration.test_apply import Bench, credit, reasons, transfer

SCRIPTS = Path(__file__).parents[2] / "deploy" / "postgres"
NOT_OURS = ("redis_not_behind",)
"""These tests put nothing into Redis."""


async def run_script(connection: Connection, name: str, **variables: str) -> None:
    """Every statement of a script, as psql with these variables runs it."""
    script = (SCRIPTS / name).read_text()
    script = re.sub(r":'(\w+)'", lambda found: f"'{variables[found[1]]}'", script)
    script = re.sub(r':"(\w+)"', lambda found: f'"{variables[found[1]]}"', script)
    for statement in script.split("-- next\n"):
        await connection.execute(statement)


@pytest.fixture
async def bench(database: str) -> AsyncIterator[Bench]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    yield Bench(connection)
    await connection.close()


async def move(bench: Bench, a: int, b: int) -> None:
    """One transfer of 1.00 there."""
    answers = await bench.apply(bench.entry("transfer.create", transfer(a, b, 100)))
    assert reasons(answers) == [None]


async def three_parts(bench: Bench, a: int, b: int) -> tuple[datetime, datetime]:
    """A transfer before the first boundary, one between the two, and one after the second."""
    connection = bench.connection
    await move(bench, a, b)
    first = utc_now()
    await run_script(connection, "partition-entries.sql", boundary=first.isoformat())
    await move(bench, a, b)
    second = utc_now()
    await run_script(
        connection,
        "next-partition-of-entries.sql",
        newest="entries_second",
        since=first.isoformat(),
        boundary=second.isoformat(),
        next="entries_third",
    )
    await move(bench, a, b)
    return first, second


async def test_the_ledger_goes_on_and_answers_as_before(
    bench: Bench, database: str, redis_url: str
) -> None:
    a, b = await bench.wallet(1000), await bench.wallet()
    boundaries = await three_parts(bench, a, b)
    rows = await bench.connection.fetch(
        "SELECT tableoid::regclass::text, seq FROM entries WHERE account_id = $1 ORDER BY seq", b
    )
    parts = ("entries_first", "entries_second", "entries_third")
    assert [tuple(row) for row in rows] == [(part, n + 1) for n, part in enumerate(parts)]
    engine = create_engine(database, pool_size=1)
    account = AccountId(b)
    balances = [await balance_at(engine, account, at, utc_now()) for at in boundaries]
    assert balances == [100, 200]
    await engine.dispose()
    await assert_invariants(database, redis_url, allowed=NOT_OURS)


@pytest.mark.parametrize("table", ["entries", "entries_first", "entries_second", "entries_third"])
async def test_every_part_is_append_only_and_balanced(bench: Bench, table: str) -> None:
    a, b = await bench.wallet(1000), await bench.wallet()
    await three_parts(bench, a, b)
    connection = bench.connection
    for statement in (f"UPDATE {table} SET amount = 5", f"DELETE FROM {table}"):
        with pytest.raises(asyncpg.PostgresError, match=r"append-only|permission denied"):
            await connection.execute(statement)
    query = f"SELECT min(recorded_at), max(recorded_at) FROM {table}"
    moments = await connection.fetchrow(query)
    assert moments is not None
    row = "(account_id, seq, amount, balance, recorded_at, operation_id, book, currency)"
    with pytest.raises(asyncpg.PostgresError, match="are off by"):
        await connection.execute(
            f"INSERT INTO {table} {row} VALUES ($1, 900, 7, 7, $2, gen_random_uuid(), 0, 643)",
            b,
            moments[1],
        )
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(f"INSERT INTO {table} SELECT * FROM {table}")


async def test_a_boundary_that_has_passed_changes_nothing(bench: Bench) -> None:
    a, b = await bench.wallet(1000), await bench.wallet()
    boundary = utc_now()
    await move(bench, a, b)
    with pytest.raises(asyncpg.CheckViolationError):
        await run_script(bench.connection, "partition-entries.sql", boundary=boundary.isoformat())
    kind = await bench.connection.fetchval(
        "SELECT relkind::text FROM pg_class WHERE relname = 'entries'"
    )
    assert kind == "r"


async def test_credits_to_many_wallets_pass_the_boundary(bench: Bench) -> None:
    wallets = [await bench.wallet() for _ in range(5)]
    await three_parts(bench, await bench.wallet(1000), wallets[0])
    entries = [bench.entry("wallet.adjust", credit(wallet, 500)) for wallet in wallets]
    assert reasons(await bench.apply(*entries)) == [None] * 5
