"""The primary is lost under load and its synchronous standby is promoted: nothing is lost."""

import asyncio
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from migrations.run import migrate_async
from payments.embedded.servers import Servers
from payments.kernel.database import connect
from tests.faults.journal import Door, Journal, reckon
from tests.faults.stage import consumer, two_wallets, value
from tests.fixtures.platform import eventually
from tests.fixtures.replica import Replica, streaming_replica

pytestmark = pytest.mark.faults


class Address:
    """What DNS or a virtual address does for a managed PostgreSQL: it leads to the primary."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.chmod(0o755)
        self._link = folder / "primary"
        parts = urlsplit(url)
        port = parse_qs(parts.query)["port"][0]
        self.url = parts._replace(query=f"host={quote(str(self._link))}&port={port}").geturl()
        self.lead_to(url)

    def lead_to(self, url: str) -> None:
        host = parse_qs(urlsplit(url).query)["host"][0]
        self._link.unlink(missing_ok=True)
        self._link.symlink_to(host)


async def be_synchronous(url: str) -> None:
    """From now on a commit waits for the standby."""
    connection = await connect(url)
    await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()

    async def is_synchronous() -> bool:
        query = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
        return bool(await value(url, query) == 1)

    await eventually(is_synchronous)


async def promoted(replica: Replica) -> None:
    assert await value(replica.url, "SELECT pg_promote(true, 30)") is True

    async def is_primary() -> bool:
        return await value(replica.url, "SELECT pg_is_in_recovery()") is False

    await eventually(is_primary)


async def test_a_promoted_standby_has_every_decision(
    private_servers: Servers, tmp_path: Path
) -> None:
    primary_url = private_servers.database_url
    await migrate_async(primary_url)
    address = Address(tmp_path, primary_url)
    assert private_servers.postgres is not None
    with streaming_replica(private_servers) as replica:
        await be_synchronous(primary_url)
        urls = address.url, private_servers.redis_url
        async with consumer(*urls), Door(*urls) as door:
            wallets = await two_wallets(door)
            journal = Journal(door.submitter, wallets)
            async with journal.load():
                await asyncio.sleep(0.7)
                private_servers.postgres.kill()
                await promoted(replica)
                address.lead_to(replica.url)
                await asyncio.sleep(1.5)
            await reckon(urls[0], journal, wallets)
            assert len(journal.accepted) > 50
        assert await value(urls[0], "SELECT pg_is_in_recovery()") is False
