"""How roles reach PostgreSQL: TLS that is verified, a pooler in between, and what goes wrong."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from migrations.run import migrate_async
from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect, create_engine
from tests.faults.roles import role_env
from tests.fixtures.ports import free_port
from tests.fixtures.postgres_front import Certificates, front, libpq_query, make_certificates


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path)


async def both_ways(url: str) -> set[str]:
    """The application names of a raw session and of an engine's."""
    raw = await connect(url, application_name="raw")
    engine = create_engine(url, pool_size=1, application="engine")
    async with engine.connect() as connection:
        seen = {
            await raw.fetchval("SHOW application_name"),
            (await connection.execute(sa.text("SHOW application_name"))).scalar_one(),
        }
        assert await raw.fetchval("SHOW jit") == "off"
        assert (await connection.execute(sa.text("SHOW jit"))).scalar_one() == "off"
    await engine.dispose()
    await raw.close()
    return seen


@pytest.mark.case("P1")
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("name", ["sslmode", "ssl"])
async def test_verified_tls_in_every_kind_of_session(
    database: str, certificates: Certificates, mode: str, name: str
) -> None:
    async with front(database, tls=certificates.server) as between:
        query = libpq_query(**{name: mode}, sslrootcert=certificates.authority)
        url = between.url(query)
        assert await both_ways(url) == {"raw", "engine"}
        await migrate_async(url)


async def ended(env: dict[str, str], *words: str) -> tuple[int, str]:
    """Exit status and what was said, within a few seconds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "payments", *words),
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    began_s = monotonic_s()
    try:
        out, _ = await asyncio.wait_for(process.communicate(), 30)
    except TimeoutError:
        process.kill()
        out, _ = await process.communicate()
        pytest.fail(f"{words} goes on: {out.decode()}")
    assert monotonic_s() - began_s < 25
    assert process.returncode is not None
    return process.returncode, out.decode()


@pytest.mark.case("P1", "P3")
@pytest.mark.parametrize("role", ["api", "consumer", "executor", "scheduler", "migrate"])
async def test_a_role_says_in_one_line_why_it_has_no_database(
    database: str, redis_url: str, tmp_path: Path, certificates: Certificates, role: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    wrong = make_certificates(other).authority
    async with front(database, tls=certificates.server) as tls, front(database) as plain:
        cases = {
            tls.url(libpq_query(sslmode="verify-full", sslrootcert=wrong)): "certificate",
            plain.url("sslmode=require"): "has no TLS",
            plain.url().replace("://payments", "://nobody"): "refuses the user or the password",
            plain.url("no_such_setting=1"): "no_such_setting",
            plain.url("sslmode=verify"): "sslmode is one of",
        }
        for url, says in cases.items():
            env = {**role_env(url, redis_url), "PAYMENTS_PORT": str(free_port()), "HOME": os.sep}
            code, said = await ended(env, role)
            assert code in {1, 2}, said
            assert says in said, said
            assert "Traceback" not in said
            assert len(said.splitlines()) <= 3, said


@pytest.mark.case("P3")
async def test_a_pooler_that_refuses_settings_gets_them_afterwards(database: str) -> None:
    async with front(database, is_pooler=True) as between:
        assert await both_ways(between.url()) == {"raw", "engine"}
        session = await connect(between.url(), idle_session_timeout="10s")
        assert await session.fetchval("SHOW idle_session_timeout") == "10s"
        await session.close()
