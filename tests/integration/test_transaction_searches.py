"""Every filter of the list of transactions answers from an index, on tables of a million rows."""

from collections.abc import AsyncIterator, Iterator
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
BIG: Final = {
    "transactions",
    "transfer_transactions",
    "transaction_traits",
    "transaction_amounts",
    "entries",
}
PAGE: Final = 51
MOST: Final = 25_000
"""Rows read for a page of what a tenth of a percent of the transactions have, or more."""
EACH: Final = 10
"""So many transactions have one time, as those of a batch."""
TIME: Final = f"'{BEGIN}'::timestamptz + n / {EACH} * interval '{EACH} seconds'"
FIELDS: Final = f"""
    lpad(to_hex(n), 32, '0')::uuid, lpad(to_hex(n), 32, '0')::uuid,
    CASE WHEN n % 1000 = 0 THEN 'wallet.adjust' ELSE 'transfer.create' END,
    'client:' || n % 50, CASE WHEN n % 100 = 0 THEN 840 ELSE 643 END, n % 9973 + 1, '[]'::json,
    {TIME}, CASE WHEN n % 2 = 0 THEN 'order-' || n END,
    CASE WHEN n % 10 = 0 THEN json_build_object('order', n::text) END
"""
FILL: Final = (
    "SET session_replication_role = replica",  # without the trigger that sums each operation
    # Three quarters of them stand in the rows of their transfers.
    f"""
    INSERT INTO transactions
           (id, operation_id, kind, actor, currency_number, minor, postings, created_at, reference,
            metadata)
    SELECT {FIELDS} FROM generate_series(1, {ROWS}) AS n WHERE n % 4 = 0
    """,
    f"""
    INSERT INTO transfer_transactions
           (id, operation_id, kind, actor, currency_number, minor, postings, created_at, reference,
            metadata, source_wallet_id, destination_wallet_id, currency, description)
    SELECT {FIELDS}, 1, 2, 'RUB', '' FROM generate_series(1, {ROWS}) AS n WHERE n % 4 <> 0
    """,
    """
    INSERT INTO transaction_traits (trait, created_at)
    SELECT DISTINCT s.trait, t.created_at
      FROM transactions AS t
     CROSS JOIN LATERAL (
           VALUES ('kind:' || t.kind), ('actor:' || t.actor), ('currency:' || t.currency_number)
         ) AS s (trait)
    """,
    f"""
    INSERT INTO transaction_amounts (transaction_id, position, currency, minor, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 1, 643, n % 9967 + 1,
           {TIME}
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
    "client and kind": Search(actors=("client:0",), kind="wallet.adjust"),
    "client that never did it": Search(actors=("client:7",), kind="wallet.adjust"),
    "kind and currency": Search(kind="wallet.adjust", currency="USD"),
    "kind and reference": Search(kind="wallet.adjust", reference="order-500"),
    "kind and amount": Search(kind="wallet.adjust", min_amount=Decimal("0.01")),
    "kind and a rare amount": Search(
        kind="transfer.create", currency="USD", min_amount=Decimal(99)
    ),
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
    "metadata and currency": Search(metadata={"order": "500"}, currency="USD"),
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
        # Autovacuum analyzes no tables together with those that inherit from them.
        "DELETE FROM pg_statistic WHERE stainherit AND starelid = 'transactions'::regclass",
    ):
        await connection.execute(statement)
    await connection.close()
    engine = create_engine(database, pool_size=2)
    yield engine
    await engine.dispose()


async def plans(engine: AsyncEngine, search: Search, after: Position | None) -> list[Any]:
    """How PostgreSQL answers each query of a page."""
    statements: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    sa.event.listen(engine.sync_engine, "before_cursor_execute", note)
    await list_transactions(engine, search, after, PAGE)
    sa.event.remove(engine.sync_engine, "before_cursor_execute", note)
    result = []
    async with engine.connect() as connection:
        for statement, parameters in statements:
            if statement.lstrip().startswith("SELECT") or statement.startswith("(SELECT"):
                explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}"
                rows = await connection.exec_driver_sql(explain, parameters)
                (plan,) = rows.scalar_one()
                result.append(plan["Plan"])
    assert result
    return result


def scans(plan: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Of each scan of a big table: the table, the way, and how many rows it read."""
    if plan.get("Relation Name") in BIG:
        read = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        yield plan["Relation Name"], plan["Node Type"], read * plan["Actual Loops"]
    for below in plan.get("Plans", ()):
        yield from scans(below)


@pytest.mark.timeout(300)  # a million rows
async def test_no_filter_scans_a_table(grown: AsyncEngine) -> None:
    middle = Position(BEGIN + timedelta(seconds=ROWS // 2), UUID(int=ROWS // 2))
    scanning = {}
    for name, search in SEARCHES.items():
        ids = search.account_ids
        walked = None if ids is None else Position(seqs=tuple((n, 50) for n in range(len(ids))))
        for after in (None, walked or middle):
            read = [scan for plan in await plans(grown, search, after) for scan in scans(plan)]
            is_scan = any("Seq Scan" in way for _, way, _ in read)
            if is_scan or sum(rows for _, _, rows in read) > MOST:
                scanning[name, after is None] = read
    assert scanning == {}
