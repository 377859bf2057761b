"""Migrations: limits of their own, words about what they do, patience with others, a way back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic.config import Config

import migrations.run
from migrations.run import migrate_async
from payments.kernel.database import connect, with_database
from payments.kernel.errors import Conflict
from tests.fixtures.databases import _administer

ENV = (Path(migrations.run.__file__).parent / "env.py").read_text()
SLOW = '''"""Waits, as a large table would."""
from alembic import op
revision, down_revision, branch_labels, depends_on = "t1", None, None, None
def upgrade():
    op.execute("CREATE TABLE slow AS SELECT 1 AS one FROM pg_sleep(2)")
def downgrade():
    op.execute("DROP TABLE slow")
'''


@pytest.fixture
async def empty_database(postgres_server: str) -> AsyncIterator[str]:
    await _administer(postgres_server, "DROP DATABASE IF EXISTS slow_one")
    await _administer(postgres_server, "CREATE DATABASE slow_one")
    yield with_database(postgres_server, "slow_one")
    await _administer(postgres_server, "DROP DATABASE slow_one WITH (FORCE)")


@pytest.fixture
def slow_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One migration of two seconds, in a product whose statements may take one."""
    (tmp_path / "versions").mkdir()
    (tmp_path / "env.py").write_text(ENV)
    (tmp_path / "versions" / "t1.py").write_text(SLOW)

    def config() -> Config:
        made = Config()
        made.set_main_option("script_location", str(tmp_path))
        made.set_main_option("path_separator", "os")
        return made

    monkeypatch.setattr(migrations.run, "alembic_config", config)
    monkeypatch.setattr("payments.kernel.database.COMMAND_TIMEOUT_S", 1.0)


async def at(database: str) -> str | None:
    connection = await connect(database)
    try:
        found: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return found
    finally:
        await connection.close()


@pytest.mark.case("C11")
@pytest.mark.usefixtures("slow_script")
async def test_a_long_migration_ends_says_so_and_is_waited_for(empty_database: str) -> None:
    said: dict[str, list[str]] = {"one": [], "two": []}
    await asyncio.gather(
        *(migrate_async(empty_database, report=lines.append) for lines in said.values())
    )
    assert await at(empty_database) == "t1"
    waited, worked = sorted(said.values(), key=len)
    assert worked[0] == "schema: 1 to run: t1 Waits, as a large table would."
    assert worked[1].startswith("schema: ran t1 in 2.")
    assert waited == ["schema: another migrator is at work; waiting for it"]


@pytest.mark.case("C11")
async def test_going_back_works_or_is_refused_with_a_word(database: str) -> None:
    newest = await at(database)
    with pytest.raises(Conflict) as refused:
        await migrate_async(database, "0008", may_go_back=False)
    assert refused.value.code == "downgrade_refused"
    assert await at(database) == newest
    said: list[str] = []
    await migrate_async(database, "0008", report=said.append)
    assert await at(database) == "0008"
    assert said[-1].startswith("schema: undid 0009 in ")
    with pytest.raises(Conflict) as unknown:
        await migrate_async(database, "0815")
    assert unknown.value.code == "no_revision"
    await migrate_async(database, report=said.append)
    assert await at(database) == newest


@pytest.mark.case("C11")
async def test_a_newer_schema_is_named(database: str) -> None:
    connection = await connect(database)
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(Conflict) as refused:
        await migrate_async(database)
    assert refused.value.code == "schema_is_newer"


@pytest.mark.case("C11")
async def test_a_locked_table_costs_traffic_the_lock_timeout_and_no_more(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes after a migration in the queue for a lock waits as well."""
    monkeypatch.setattr(migrations.run, "_LOCK_PAUSE_S", 0.2)
    await migrate_async(database, "0011", report=lambda _: None)
    holder, reader = await connect(database), await connect(database)
    said: list[str] = []
    try:
        forgotten = holder.transaction()
        await forgotten.start()
        await holder.execute("SELECT count(*) FROM api_keys")
        migrating = asyncio.create_task(migrate_async(database, report=said.append))
        while not any("was not to be had" in line for line in said):
            assert not migrating.done(), migrating
            # Every statement of the traffic gets through within the lock timeout.
            await reader.fetchval("SELECT count(*) FROM api_keys", timeout=8)
            await asyncio.sleep(0.05)
        await forgotten.rollback()
        await migrating
    finally:
        for one in (holder, reader):
            await one.close()
    assert any(line.startswith("schema: ran 0012 in ") for line in said)


def test_asyncpg_has_the_error_we_wait_for() -> None:
    assert asyncpg.LockNotAvailableError.sqlstate == migrations.run._LOCK_NOT_AVAILABLE
