"""What moved money under 0.1.0 has its transaction after the upgrade, however many legs it had."""

import json
from datetime import UTC, datetime
from uuid import UUID

from migrations.run import migrate_async
from payments.kernel.database import Connection, connect

RELEASED = "0011"
"""The schema of 0.1.0."""
FILLED = "0034"
"""Where transactions of what 0.1.0 applied are filled in."""
WALLET, CLEARING = 1, 69 << 56
FEES, BANK_CLEARING, OTHER_CLEARING = 72 << 56 | 1, 73 << 56 | 1, 73 << 56 | 2
BUYER, SELLER = 3 << 56 | 1, 3 << 56 | 2
NOW = datetime(2026, 11, 20, tzinfo=UTC)
"""When all of it was decided."""
COLUMNS = (
    "account_id", "seq", "amount", "balance", "recorded_at", "operation_id", "book", "currency",
)  # fmt: skip

LEGS: dict[UUID, list[tuple[int, int, int, int]]] = {
    UUID(int=1): [(WALLET, 1, -500, 0), (CLEARING, 1, 500, 0)],
    UUID(int=2): [(WALLET, 2, -7, 0), (CLEARING, 2, 7, 0), (CLEARING, 3, -7, 0), (WALLET, 3, 7, 0)],
    UUID(int=3): [
        (BUYER, 1, -100, 1),
        (FEES, 1, 5, 1),
        (BANK_CLEARING, 1, 95, 1),
        (OTHER_CLEARING, 1, -95, 2),
        (SELLER, 1, 95, 2),
    ],
}
POSTINGS = {
    UUID(int=1): [[WALLET, CLEARING, 500, 643]],
    UUID(int=2): [[WALLET, CLEARING, 7, 643], [CLEARING, WALLET, 7, 643]],
    UUID(int=3): [
        [BUYER, BANK_CLEARING, 95, 643],
        [BUYER, FEES, 5, 643],
        [OTHER_CLEARING, SELLER, 95, 643],
    ],
}


async def _upgraded(database: str, until: str = "head") -> Connection:
    """A session of a database of 0.1.0 that was upgraded."""
    await migrate_async(database, "base")
    await migrate_async(database, RELEASED)
    connection = await connect(database)
    for operation_id, legs in LEGS.items():
        await connection.execute(
            "INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at,"
            " decided_at) VALUES ($1, 'x.y', '\\x00', 'key:1', 'applied', '{}', $2, $2)",
            operation_id,
            NOW,
        )
        # Its trigger wants every statement to balance.
        await connection.copy_records_to_table(
            "entries",
            columns=COLUMNS,
            records=[(a, n, m, 0, NOW, operation_id, book, 643) for a, n, m, book in legs],
        )
    await migrate_async(database, until)
    return connection


async def _traits(connection: Connection) -> list[tuple[str]]:
    """All were decided at one time."""
    rows = await connection.fetch("SELECT trait, created_at FROM transaction_traits ORDER BY trait")
    assert {row["created_at"] for row in rows} == {NOW}
    return [(row["trait"],) for row in rows]


async def _fill_again(connection: Connection, database: str) -> None:
    """As if the migration that fills them in had not ended; then all that comes after."""
    await connection.execute("UPDATE alembic_version SET version_num = '0033'")
    await migrate_async(database)


async def test_old_operations_have_their_transactions(database: str) -> None:
    connection = await _upgraded(database)
    rows = await connection.fetch("SELECT * FROM transactions")
    traits = await _traits(connection)
    amounts = await connection.fetch("SELECT * FROM transaction_amounts ORDER BY position")
    # As if the migration that fills them in was broken off after it had.
    await connection.execute("UPDATE alembic_version SET version_num = '0180'")
    await connection.execute("DELETE FROM transaction_traits WHERE trait = 'actor:key:1'")
    await migrate_async(database)
    assert (
        await _traits(connection) == traits == [("actor:key:1",), ("currency:643",), ("kind:x.y",)]
    )
    await connection.close()
    assert {row["operation_id"]: json.loads(row["postings"]) for row in rows} == POSTINGS
    assert {row["actor"] for row in rows} == {"key:1"}
    assert [(r["transaction_id"].int, r["minor"]) for r in amounts] == [(3, 5)]


async def test_a_migration_that_was_broken_off_goes_on(database: str) -> None:
    connection = await _upgraded(database, FILLED)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("DELETE FROM transactions WHERE operation_id = $1", UUID(int=2))
    await connection.execute("DROP INDEX accounts_status_idx")
    # It stood before that operation, and had not said that it was done.
    await connection.execute("UPDATE transaction_fills SET filled_until = '2026-11-19'")
    await _fill_again(connection, database)
    rows = await connection.fetch("SELECT * FROM transactions")
    assert {row["operation_id"]: json.loads(row["postings"]) for row in rows} == POSTINGS
    assert await connection.fetchval("SELECT count(*) FROM transaction_amounts") == 1
    assert await connection.fetchval(
        "SELECT now() - filled_until < interval '1 minute' FROM transaction_fills"
    )
    await connection.close()


async def test_a_transfer_keeps_its_id(database: str) -> None:
    """By which it is reversed: as a transfer or as a transaction, not as both."""
    connection = await _upgraded(database, FILLED)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("TRUNCATE transactions, transaction_amounts")
    await connection.execute(
        "UPDATE operations SET kind = 'transfer.create', result = $2 WHERE id = $1",
        UUID(int=1),
        json.dumps({"transfer_id": str(UUID(int=99))}),
    )
    await connection.execute("UPDATE transaction_fills SET filled_until = '2026-11-19'")
    await _fill_again(connection, database)
    row = await connection.fetchrow(
        "SELECT id FROM transactions WHERE operation_id = $1", UUID(int=1)
    )
    assert row is not None
    assert row["id"] == UUID(int=99)
    await connection.close()
