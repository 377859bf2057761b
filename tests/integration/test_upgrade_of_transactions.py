"""What moved money under 0.1.0 has its transaction after the upgrade, however many legs it had."""

import json
from datetime import UTC, datetime
from uuid import UUID

from migrations.run import migrate_async
from payments.kernel.database import connect

RELEASED = "0011"
"""The schema of 0.1.0."""
WALLET, CLEARING = 1, 69 << 56
FEES, BANK_CLEARING, OTHER_CLEARING = 72 << 56 | 1, 73 << 56 | 1, 73 << 56 | 2
BUYER, SELLER = 3 << 56 | 1, 3 << 56 | 2
NOW = datetime(2026, 11, 20, tzinfo=UTC)
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


async def test_old_operations_have_their_transactions(database: str) -> None:
    await migrate_async(database, "base")
    await migrate_async(database, RELEASED)
    connection = await connect(database)
    for operation_id, legs in LEGS.items():
        await connection.execute(
            "INSERT INTO operations (id, kind, digest, actor, status, result, accepted_at,"
            " decided_at) VALUES ($1, 'x.y', '\\x00', 'key:1', 'applied', '{}', now(), now())",
            operation_id,
        )
        # Its trigger wants every statement to balance.
        await connection.copy_records_to_table(
            "entries",
            columns=COLUMNS,
            records=[(a, n, m, 0, NOW, operation_id, book, 643) for a, n, m, book in legs],
        )
    await migrate_async(database)
    rows = await connection.fetch("SELECT * FROM transactions")
    amounts = await connection.fetch("SELECT * FROM transaction_amounts ORDER BY position")
    await connection.close()
    assert {row["operation_id"]: json.loads(row["postings"]) for row in rows} == POSTINGS
    assert {row["actor"] for row in rows} == {"key:1"}
    assert [(r["transaction_id"].int, r["minor"]) for r in amounts] == [(3, 5)]
