"""`payments seed`, `bank …` and `organizations …`, as processes, with no consumer beside them."""

import asyncio
import os
import sys

from payments.banks.open_account import is_number_of
from payments.banks.queries import find_balance, find_marketplace
from payments.kernel.database import create_engine


class Commands:
    """Runs commands on the servers of one test."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.environ = {
            **os.environ,
            "PAYMENTS_ENV": "development",
            "PAYMENTS_DATABASE_URL": database_url,
            "PAYMENTS_REDIS_URL": redis_url,
        }

    async def run(self, *words: str, code: int = 0) -> str:
        """What it printed on stdout; it must end with that exit code."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "payments",
            *words,
            env=self.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == code, err.decode()
        return out.decode()


async def test_seed_twice_then_an_account_and_a_marketplace(database: str, redis_url: str) -> None:
    commands = Commands(database, redis_url)
    said = await commands.run("seed", "bank")
    assert said.splitlines()[-1] == "api_key: sfxf2d@3"
    assert "account 1xf3g: 10000 RUB" in said
    assert await commands.run("seed", "bank") == said

    opened = await commands.run("bank", "account", "--bank=2", "--client=2", "--opening=12.5")
    number = opened.strip()
    assert is_number_of(number, 2)
    assert len(number) == 11
    key = (await commands.run("bank", "marketplace", "--name=shop")).strip()
    await commands.run("bank", "account", "--bank=9", "--client=2", code=1)

    engine = create_engine(database, pool_size=1)
    try:
        assert await find_balance(engine, number) == 12_50
        assert await find_marketplace(engine, key) != await find_marketplace(engine, "sfxf2d@3")
    finally:
        await engine.dispose()


async def test_demo_data_do_not_go_into_production(database: str, redis_url: str) -> None:
    commands = Commands(database, redis_url)
    commands.environ["PAYMENTS_ENV"] = "production"
    assert "sfxf2d@3" not in await commands.run("seed", "bank", code=2)


async def test_organizations_are_seeded_once_and_added(database: str, redis_url: str) -> None:
    commands = Commands(database, redis_url)
    seeded = await commands.run("seed", "organizations")
    assert await commands.run("seed", "organizations") == seeded
    assert len(seeded.splitlines()) == 1 + 5
    assert "1234567890                0.00" in seeded
    # The answer alone: whatever is logged goes to stderr.
    said = await commands.run("organizations", "add", "--inn=7707083893", "--name=Sber")
    assert said == "added 7707083893; payments that waited for it: 0\n"
    await commands.run("organizations", "add", "--inn=7707083893", "--name=Sber", code=1)
    await commands.run("organizations", "add", "--inn=123", "--name=Sber", code=1)
    assert "7707083893" in await commands.run("organizations", "list")
