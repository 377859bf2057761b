"""Statements of a consumer and of the look-ups are planned once, and never read a whole table."""

import pytest

from payments.entrypoints.consumer import TELLER, create_consumer
from payments.kernel.clock import utc_now
from payments.kernel.database import PLANNED_ONCE, Connection, connect
from payments.kernel.ids import new_id
from payments.operations.apply import Applier
from payments.operations.lookups import Lookups
from payments.registry import OPERATIONS
from streams.ownership import ensure_partitions
from tests.integration.test_apply import Bench, reasons, transfer


async def plans(connection: Connection) -> tuple[int, int]:
    """How many plans were made for one execution, and how often one of all was used."""
    custom, generic = await connection.fetchrow(  # type: ignore[misc]  # always a row
        "SELECT sum(custom_plans)::int, sum(generic_plans)::int FROM pg_prepared_statements"
    )
    return custom, generic


async def scans(connection: Connection) -> int:
    """How often a table of the hot path was read from end to end."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    read: int = await connection.fetchval(
        "SELECT sum(seq_scan)::int FROM pg_stat_user_tables"
        " WHERE relname IN ('accounts', 'dead_letters', 'operations', 'stream_partitions')"
    )
    return read


@pytest.mark.parametrize("is_quick", [True, False])
async def test_batches_are_planned_once_from_empty_tables_on(
    database: str, *, is_quick: bool
) -> None:
    connection = await connect(database, is_planned_once=True)
    await ensure_partitions(connection, 4)
    bench = Bench(connection)
    bench.applier = Applier(OPERATIONS, utc_now, TELLER, is_quick=is_quick)
    a, b = await bench.wallet(100), await bench.wallet()
    before = await scans(connection)
    for _ in range(7):  # the sixth is where the server would choose
        assert reasons(await bench.apply(bench.entry("transfer.create", transfer(a, b, 1)))) == [
            None
        ]
    custom, generic = await plans(connection)
    assert (custom, generic > 7) == (0, True)
    assert await scans(connection) == before
    await connection.close()


async def test_the_sessions_of_a_consumer_plan_once(database: str, redis_url: str) -> None:
    consumer = await create_consumer(database, redis_url)
    session = await consumer._connect()
    for name, value in PLANNED_ONCE.items():
        assert await session.fetchval("SELECT current_setting($1)", name) == value
    await session.close()
    await consumer.client.aclose()


async def test_keys_are_looked_up_by_one_plan(database: str) -> None:
    lookups = Lookups(database)
    for count in range(1, 8):
        assert await lookups.read([new_id() for _ in range(count)]) == {}
    assert lookups._connection is not None
    custom, _ = await plans(lookups._connection)
    assert custom == 0
    await lookups.stop()
