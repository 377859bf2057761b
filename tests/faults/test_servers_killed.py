"""redis-server and PostgreSQL are killed under load; what was accepted is applied once."""

import asyncio
from pathlib import Path

import pytest

from migrations.run import migrate_async
from payments.embedded.servers import Servers
from payments.kernel.database import connect
from payments.kernel.errors import Unavailable
from streams.server_client import create_server_client
from tests.faults.journal import Door, Journal, reckon
from tests.faults.stage import consumer, two_wallets, value

pytestmark = pytest.mark.faults


async def test_redis_killed_under_load_replays_its_log(private_servers: Servers) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    assert private_servers.redis is not None
    async with consumer(*urls), Door(*urls) as door:
        wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets)
        async with journal.load():
            for _ in range(2):
                await asyncio.sleep(0.7)
                private_servers.redis.kill()
                private_servers.redis.revive()
            await asyncio.sleep(1)
        await reckon(urls[0], journal, wallets)
        assert len(journal.accepted) > 50


async def test_postgresql_killed_under_load(private_servers: Servers) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    assert private_servers.postgres is not None
    async with consumer(*urls), Door(*urls) as door:
        wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets)
        async with journal.load():
            await asyncio.sleep(0.7)
            private_servers.postgres.kill()
            await asyncio.sleep(0.3)
            private_servers.postgres.revive()
            await asyncio.sleep(1)
        await reckon(urls[0], journal, wallets)
        assert len(journal.accepted) > 50


async def test_one_killed_backend_costs_nothing(private_servers: Servers) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    async with consumer(*urls), Door(*urls) as door:
        wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets)
        async with journal.load():
            for _ in range(3):
                await asyncio.sleep(0.5)
                killer = await connect(urls[0])
                await killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE application_name = 'payments-consumer'"
                )
                await killer.close()
        await reckon(urls[0], journal, wallets)


async def test_a_redis_out_of_memory_turns_intents_away_and_drains(
    private_servers: Servers,
) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    client = create_server_client(urls[1])
    async with Door(*urls) as door:
        async with consumer(*urls):
            wallets = await two_wallets(door)
        journal = Journal(door.submitter, wallets, description="x" * 4000)
        used = (await client.info("memory"))["used_memory"]
        await client.config_set("maxmemory", used + 3_000_000)
        sending = asyncio.gather(*(journal.send(400) for _ in range(4)))
        while journal.turned_away == 0 and not sending.done():  # noqa: ASYNC110 - a condition
            await asyncio.sleep(0.05)
        assert journal.turned_away > 0, "a full Redis accepted everything"
        async with consumer(*urls):
            # The consumer drains the full server, which is what makes room again.
            await sending
            await reckon(urls[0], journal, wallets)
    await client.aclose()


async def test_a_redis_restored_from_the_past_is_noticed_and_nothing_more_is_accepted(
    private_servers: Servers,
) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    redis = private_servers.redis
    assert redis is not None
    async with Door(*urls) as door:
        async with consumer(*urls):
            wallets = await two_wallets(door)
            journal = Journal(door.submitter, wallets)
            await journal.send(100)
            await reckon(urls[0], journal, wallets)
        redis.kill()
        _cut_logs(private_servers)
        redis.revive()
        # The very first append over the new connection is refused: none may hide what was lost by a
        # newer id.
        with pytest.raises(Unavailable, match="restored from an older state"):
            await journal.send(1, patience_s=0)
        assert door.door.closed_reason == "redis_rolled_back"
        # Sticky: a second look does not forget it.
        await asyncio.sleep(0.6)
        assert door.door.closed_reason == "redis_rolled_back"
    assert (
        await value(
            urls[0], "SELECT count(*) FROM stream_partitions WHERE halted_reason IS NOT NULL"
        )
        > 0
    )


def _cut_logs(servers: Servers) -> None:
    """Throw away the second half of every append-only log, as a restore from an old copy would."""
    home = servers.data.home("redis")
    logs = [p for p in Path(home).rglob("*aof*") if p.is_file() and p.suffix != ".manifest"]
    assert logs, f"no append-only log below {home}"
    for log in logs:
        content = log.read_bytes()
        # At a command's beginning, so that the server loads it without complaint.
        cut = content.rfind(b"*", 0, content.find(b"XADD", len(content) // 4))
        log.write_bytes(content[:cut] if cut > 0 else content)
