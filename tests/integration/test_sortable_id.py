"""The id of a transaction is made of its operation's alike here and in PostgreSQL."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from payments.kernel.database import connect
from payments.kernel.ids import derived_id, new_id, sortable_id

BEGAN = datetime(2026, 11, 27, 8, 0, 0, 1000, tzinfo=UTC)


async def test_sql_makes_the_same_ids(database: str) -> None:
    ids: list[UUID] = [new_id(), *(derived_id("key", "somebody", str(n)) for n in range(300))]
    ids += [UUID(bytes=sha256(b"%d" % n).digest()[:16]) for n in range(700)]
    moments = [BEGAN + timedelta(microseconds=n * (1000, 7_654_321)[n % 2]) for n in range(1001)]
    connection = await connect(database)
    rows = await connection.fetch(
        "SELECT sortable_id(i, m) FROM unnest($1::uuid[], $2::timestamptz[])"
        " WITH ORDINALITY AS u (i, m, n) ORDER BY n",
        ids,
        moments,
    )
    await connection.close()
    made = [UUID(int=row[0].int) for row in rows]
    assert made == [sortable_id(i, m) for i, m in zip(ids, moments, strict=True)]
