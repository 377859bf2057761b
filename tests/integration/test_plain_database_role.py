"""A role that is no superuser owns the database, as managed servers have it: everything works."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

import payments.wallets.adjust
import payments.wallets.open
from migrations.run import migrate_async
from payments.entrypoints import doctor
from payments.entrypoints.settings import Secret, Settings
from payments.kernel.database import connect, with_database
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import PARTITIONS, Platform


@pytest.fixture
async def plain(postgres_server: str) -> AsyncIterator[str]:
    """The URL of the plain role's own empty database."""
    name = f"plain_{uuid4().hex[:12]}"
    server = await connect(postgres_server)
    await server.execute(f"CREATE ROLE {name} LOGIN NOSUPERUSER NOCREATEDB PASSWORD 'pw'")
    await server.execute(f"CREATE DATABASE {name} OWNER {name}")
    parts = urlsplit(with_database(postgres_server, name))
    _, _, host = parts.netloc.rpartition("@")
    yield parts._replace(netloc=f"{name}:pw@{host}").geturl()
    await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await server.execute(f"DROP ROLE {name}")
    await server.close()


async def test_schema_money_and_checks_without_a_superuser(plain: str, redis_url: str) -> None:
    await migrate_async(plain)
    connection = await connect(plain)
    assert await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = user") is False
    await connection.close()
    settings = Settings(
        database_url=Secret(plain), redis_url=Secret(redis_url), partitions=PARTITIONS
    )
    platform = Platform(settings)
    await platform.start()
    intent = OpenWallet(currency="RUB", owner="u")
    opened = await platform.apply(payments.wallets.open.OPERATION, intent)
    credit = AdjustWallet(
        wallet_id=opened["wallet_id"], minor=500, currency="RUB", is_credit=True, reason="r"
    )
    adjusted = await platform.apply(payments.wallets.adjust.OPERATION, credit)
    assert adjusted["balance"] == "5.00"
    findings = await doctor.examine(settings)
    assert [f.part for f in findings if f.is_unsafe] == []
    await platform.settled()
    await platform.stop()
    await assert_invariants(plain, redis_url)
