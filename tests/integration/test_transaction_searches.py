"""Every filter of the list of transactions answers from an index, on tables of a million rows."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.database import connect, create_engine
from payments.transactions.queries import Position, list_transactions
from payments.transactions.search import Search

ROWS: Final = 1_000_000
BEGIN: Final = datetime(2026, 1, 1, tzinfo=UTC)
BIG: Final = {"transactions", "transaction_amounts", "entries"}
FILL: Final = (
    "SET session_replication_role = replica",  # without the trigger that sums each operation
    f"""
    INSERT INTO transactions
           (id, operation_id, kind, actor, currency, minor, postings, created_at, reference,
            metadata)
    SELECT lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid,
           CASE WHEN n % 1000 = 0 THEN 'wallet.adjust' ELSE 'transfer.create' END,
           'client:' || n % 50, CASE WHEN n % 100 = 0 THEN 840 ELSE 643 END, n % 9973 + 1, '[]',
           '{BEGIN}'::timestamptz + n * interval '1 second',
           CASE WHEN n % 2 = 0 THEN 'order-' || n END,
           CASE WHEN n % 10 = 0 THEN json_build_object('order', n::text) END
      FROM generate_series(1, {ROWS}) AS n
    """,
    f"""
    INSERT INTO transaction_amounts (transaction_id, position, currency, minor, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 1, 643, n % 9967 + 1,
           '{BEGIN}'::timestamptz + n * interval '1 second'
      FROM generate_series(1, {ROWS}, 3) AS n
    """,
    f"""
    INSERT INTO entries
           (account_id, seq, amount, balance, recorded_at, operation_id, book, currency)
    SELECT n % 1000 + 1 + side, n / 1000 * 2 + side + 1, 1 - 2 * side, 1,
           '{BEGIN}'::timestamptz + n * interval '1 second', lpad(to_hex(n), 32, '0')::uuid, 0, 643
      FROM generate_series(1, {ROWS}) AS n, generate_series(0, 1) AS side
    """,
)
SEARCHES: Final = {
    "none": Search(),
    "wallet": Search(account_ids=(7,)),
    "accounts": Search(account_ids=(7, 8)),
    "accounts and a currency": Search(account_ids=(7, 8), currency="RUB"),
    "wallet and a currency": Search(account_ids=(7,), currency="USD"),
    "wallet and a usual kind": Search(account_ids=(7,), kind="transfer.create"),
    "wallet and a kind": Search(account_ids=(7,), kind="wallet.adjust"),
    "wallet and reference": Search(account_ids=(7,), reference="order-500"),
    "no account": Search(account_ids=()),
    "kind": Search(kind="wallet.adjust"),
    "usual kind": Search(kind="transfer.create"),
    "kind of nobody": Search(kind="payout.create"),
    "client": Search(actors=("client:7",)),
    "client of many names": Search(actors=("client:7", "key:x", "client:none")),
    "reference": Search(reference="order-500"),
    "reference of nobody": Search(reference="x"),
    "currency": Search(currency="USD"),
    "usual currency": Search(currency="RUB"),
    "any amount": Search(min_amount=Decimal("0.01")),
    "unused currency": Search(currency="EUR"),
    "least amount": Search(min_amount=Decimal("99.00")),
    "amount of nobody": Search(min_amount=Decimal(1_000_000)),
    "most amount": Search(max_amount=Decimal("0.50")),
    "amount": Search(currency="RUB", min_amount=Decimal(5), max_amount=Decimal(5)),
    "from": Search(since=BEGIN + timedelta(seconds=ROWS - 10)),
    "to": Search(until=BEGIN + timedelta(seconds=10)),
    "time": Search(since=BEGIN + timedelta(seconds=10), until=BEGIN + timedelta(seconds=20)),
    "metadata": Search(metadata={"order": "500"}),
    "metadata of nobody": Search(metadata={"order": "x"}),
}


@pytest.fixture
async def grown(database: str) -> AsyncIterator[AsyncEngine]:
    """A database in which the planner sees big tables."""
    connection = await connect(database)
    indexes = await connection.fetch(
        "SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS made FROM pg_index"
        " WHERE indrelid::regclass::text = ANY($1) AND NOT indisunique",
        list(BIG),
    )
    # Filled without them, which takes half the time.
    for statement in (
        *(f"DROP INDEX {index['name']}" for index in indexes),
        *FILL,
        *(index["made"] for index in indexes),
        f"ANALYZE {', '.join(BIG)}",
    ):
        await connection.execute(statement)
    await connection.close()
    engine = create_engine(database, pool_size=2)
    yield engine
    await engine.dispose()


async def plans(engine: AsyncEngine, search: Search, after: Position | None) -> list[str]:
    """How PostgreSQL answers each query of a page."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    await list_transactions(engine, search, after, 51)
    sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
    result = []
    async with engine.connect() as connection:
        for statement, parameters in statements:
            if statement.lstrip().startswith("SELECT"):
                rows = await connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                result.append("\n".join(row[0] for row in rows))
    assert result
    return result


@pytest.mark.timeout(300)  # a million rows
async def test_no_filter_scans_a_table(grown: AsyncEngine) -> None:
    middle = Position(BEGIN + timedelta(seconds=ROWS // 2), UUID(int=ROWS // 2))
    scanning = {}
    for name, search in SEARCHES.items():
        ids = search.account_ids
        walked = None if ids is None else Position(seqs=tuple((n, 50) for n in range(len(ids))))
        for after in (None, walked or middle):
            for plan in await plans(grown, search, after):
                if set(re.findall(r"Seq Scan on (\w+)", plan)) & BIG:
                    scanning[name, after is None] = plan
    assert scanning == {}, "\n\n".join(f"{name}\n{plan}" for name, plan in scanning.items())
