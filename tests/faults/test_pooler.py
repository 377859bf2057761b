"""A consumer behind a pooler: session mode works, transaction mode is refused with a sentence."""

import asyncio
from functools import partial
from typing import Any

import asyncpg
import msgspec
import pytest

from migrations.run import migrate_async
from payments.entrypoints import consumer, doctor
from payments.entrypoints.settings import BadSettings, Secret
from payments.entrypoints.waiting import look_at_servers
from payments.kernel.database import connect
from payments.kernel.errors import Conflict
from streams.ownership import SESSION_SETTINGS
from streams.session import SharedSessionError, open_session, require_session
from tests.fixtures.platform import Platform
from tests.fixtures.pooler import pooled

pytestmark = pytest.mark.faults


async def without_cache(url: str) -> Any:
    """Statements without names, as one sets it for pgbouncer."""
    return await asyncpg.connect(url, statement_cache_size=0)


@pytest.mark.case("C14")
@pytest.mark.parametrize("how", [connect, without_cache])
async def test_transaction_mode_is_refused_with_a_sentence(database: str, how: Any) -> None:
    async with pooled(database, is_session=False) as url:
        with pytest.raises(SharedSessionError, match="pool_mode = session"):
            await require_session(partial(how, url), SESSION_SETTINGS)


@pytest.mark.case("C14")
async def test_session_mode_works_and_settings_hold(database: str) -> None:
    async with pooled(database, is_session=True) as url:
        await require_session(partial(connect, url), SESSION_SETTINGS)
        session = await open_session(partial(connect, url), SESSION_SETTINGS)
        assert await session.fetchval("SHOW idle_session_timeout") == "8s"
        await session.close()


@pytest.mark.case("C14")
async def test_postgresql_itself_is_fine(database: str) -> None:
    await require_session(partial(connect, database), SESSION_SETTINGS)
    session = await open_session(partial(connect, database), SESSION_SETTINGS)
    kept = {n: v for n, v in SESSION_SETTINGS.items() if not n.startswith("tcp_")}  # no TCP here
    told = {name: await session.fetchval(f"SHOW {name}") for name in kept}
    await session.close()
    assert told == kept


@pytest.mark.case("C14")
async def test_the_consumer_does_not_start(platform: Platform) -> None:
    async with pooled(platform.database_url, is_session=False) as url:
        settings = msgspec.structs.replace(platform.settings, database_url=Secret(url))
        with pytest.raises(BadSettings, match="pooler in session mode"):
            await consumer.run(settings)


@pytest.mark.case("C14")
async def test_no_role_starts_and_the_schema_is_not_touched(platform: Platform) -> None:
    """A migrator would leave its lock with the pooler, and every later one would wait for it."""
    async with pooled(platform.database_url, is_session=False) as url:
        settings = msgspec.structs.replace(platform.settings, database_url=Secret(url))
        with pytest.raises(BadSettings, match="pooler in session mode"):
            await asyncio.to_thread(look_at_servers, settings)
        with pytest.raises(Conflict, match="pooler in session mode"):
            await migrate_async(url)
        findings = {one.part: one for one in await doctor.examine(settings)}
        assert "pool_mode = session" in findings["postgresql"].advice
    await migrate_async(platform.database_url)


@pytest.mark.case("C14")
@pytest.mark.parametrize(
    "error",
    [
        asyncpg.DuplicatePreparedStatementError("__asyncpg_stmt_1__ already exists"),
        asyncpg.ConnectionDoesNotExistError(
            "transaction blocks not allowed in statement pooling mode"
        ),
    ],
    ids=["prepared by an earlier process", "statement mode"],
)
async def test_what_pgbouncer_answers_already_while_one_connects(error: Exception) -> None:
    async def pgbouncers() -> Any:
        raise error

    with pytest.raises(SharedSessionError, match="pool_mode = session"):
        await require_session(pgbouncers, SESSION_SETTINGS)
