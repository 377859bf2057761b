"""The migrations make what the tables say, from nothing, and back to nothing."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text

import payments.registry  # noqa: F401 - fills METADATA
import scheduler.tables  # noqa: F401 - the same
import streams.tables
from migrations.run import alembic_config, migrate_async
from payments.kernel.database import METADATA, create_engine
from tests.architecture.sources import files
from tests.architecture.sources import text as source

VERSIONS = [n for n in files() if n.startswith("migrations/versions/") and n.endswith(".py")]


def _whole() -> MetaData:
    whole = MetaData(naming_convention=METADATA.naming_convention)
    for metadata in (METADATA, streams.tables.METADATA):
        for table in metadata.tables.values():
            table.to_metadata(whole)
    return whole


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return [d for d in compare_metadata(context, _whole()) if not _is_apart(d)]


def _is_apart(difference: Any) -> bool:
    """Alembic's own table, and partitions: the table they belong to is compared."""
    if difference[0] not in {"remove_table", "remove_index"}:
        return False
    table = getattr(difference[1], "table", difference[1])
    return table.name in {"alembic_version", "event_batches_rest"}


async def test_the_migrations_make_what_the_tables_say(database: str) -> None:
    engine = create_engine(database)
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(_differences) == [], "these need a migration"
    finally:
        await engine.dispose()


async def test_checks_and_sequences_are_made_too(database: str) -> None:
    """What autogenerate does not compare: a database from the metadata alone has the same."""
    engine = create_engine(database)
    try:
        async with engine.begin() as connection:
            migrated = await connection.run_sync(_beyond, "public")
            await connection.execute(text("CREATE SCHEMA plain"))
            await connection.execute(text("SET LOCAL search_path = plain"))
            await connection.run_sync(METADATA.create_all)
            await connection.run_sync(streams.tables.METADATA.create_all)
            assert await connection.run_sync(_beyond, "plain") == migrated
    finally:
        await engine.dispose()


def _beyond(connection: Connection, schema: str) -> dict[str, set[tuple[str, ...]]]:
    queries = {
        "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) "
        "FROM pg_constraint WHERE connamespace = CAST(:schema AS regnamespace)",
        "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes "
        "WHERE schemaname = :schema",
        "sequences": "SELECT sequencename, start_value::text, increment_by::text "
        "FROM pg_sequences WHERE schemaname = :schema",
        "options": "SELECT relname, reloptions::text FROM pg_class "
        "WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind IN ('r', 'i')",
    }
    return {
        name: {
            tuple(str(part).replace(f"{schema}.", "") for part in row)
            for row in connection.execute(text(query), {"schema": schema})
            if "alembic" not in str(row[0])
        }
        for name, query in queries.items()
    }


def test_there_is_one_head() -> None:
    heads = ScriptDirectory.from_config(alembic_config()).get_heads()
    assert len(heads) == 1


def test_every_migration_says_why_and_can_be_undone() -> None:
    for name in VERSIONS:
        assert source(name).startswith('"""')
        assert "def downgrade()" in source(name)


def test_migrations_do_not_follow_the_code() -> None:
    """A migration is history: what the code says tomorrow must not change what it made."""
    follows = [n for n in VERSIONS if "METADATA" in source(n) or "import payments" in source(n)]
    assert follows == []


async def test_down_to_nothing_and_up_again(database: str) -> None:
    await migrate_async(database, "base")
    engine = create_engine(database)
    try:
        async with engine.connect() as connection:
            left = await connection.run_sync(_left)
            assert left == set()
            await connection.rollback()
            await migrate_async(database)
            assert await connection.run_sync(_differences) == []
    finally:
        await engine.dispose()


def _left(connection: Connection) -> set[str]:
    query = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'
         UNION ALL
        SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
         UNION ALL
        SELECT typname FROM pg_type
         WHERE typnamespace = 'public'::regnamespace AND typname NOT LIKE '%alembic%'
    """
    return {row[0] for row in connection.execute(text(query))}
