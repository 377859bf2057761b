"""Frozen accounts of 0.1.0 stay frozen under the status that took the flag's place."""

from migrations.run import migrate_async
from payments.kernel.database import connect

RELEASED = "0011"
"""The schema of 0.1.0."""


async def test_a_frozen_account_stays_frozen_up_and_down(database: str) -> None:
    await migrate_async(database, "base")
    await migrate_async(database, RELEASED)
    connection = await connect(database)
    await connection.execute(
        "INSERT INTO accounts (id, code, currency, guard, is_frozen)"
        " VALUES (1, 'wallet:1', 'RUB', 1, true), (2, 'wallet:2', 'RUB', 1, false)"
    )
    await migrate_async(database)
    statuses = await connection.fetch("SELECT status FROM accounts WHERE id < 3 ORDER BY id")
    assert [row[0] for row in statuses] == ["frozen", "open"]
    await connection.execute("UPDATE accounts SET status = 'closed' WHERE id = 2")
    await migrate_async(database, RELEASED)
    flags = await connection.fetch("SELECT is_frozen FROM accounts WHERE id < 3 ORDER BY id")
    await connection.close()
    assert [row[0] for row in flags] == [True, True], "nothing else of 0.1.0 keeps money out"
