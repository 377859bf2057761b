"""Lists and history come from a real replica; what follows a decision never does."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from migrations.run import migrate_async
from payments.embedded.servers import Servers
from payments.entrypoints.settings import Secret, Settings
from tests.fixtures.platform import PARTITIONS, Platform, api_key, eventually
from tests.fixtures.replica import Replica, streaming_replica
from tests.flows.native import opened

pytestmark = pytest.mark.faults

LAG_MAX_S = 2


@pytest.fixture
async def migrated(private_servers: Servers) -> Servers:
    await migrate_async(private_servers.database_url)
    return private_servers


@pytest.fixture
def replica(migrated: Servers) -> Iterator[Replica]:
    with streaming_replica(migrated) as running:
        yield running


@pytest.fixture
def settings(migrated: Servers, replica: Replica) -> Settings:
    return Settings(
        database_url=Secret(migrated.database_url),
        redis_url=Secret(migrated.redis_url),
        database_read_url=Secret(replica.url),
        database_read_lag_s=LAG_MAX_S,
        partitions=PARTITIONS,
    )


@pytest.fixture
async def native(platform: Platform, client: httpx.AsyncClient) -> httpx.AsyncClient:
    client.headers.update(await api_key(platform))
    return client


async def listed(native: httpx.AsyncClient) -> set[int]:
    answer = await native.get("/v1/wallets", params={"owner": "reader"})
    assert answer.status_code == 200, answer.text
    return {int(item["wallet_id"]) for item in answer.json()["items"]}


async def reads_of_replica(replica: Replica) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'payments-api-reads'"
    return int(await replica.say(query) or 0)


async def test_what_follows_a_decision_is_never_old(
    native: httpx.AsyncClient, replica: Replica
) -> None:
    first = await opened(native, owner="reader")

    async def is_listed() -> bool:
        return first in await listed(native)

    await eventually(is_listed)
    assert await reads_of_replica(replica) > 0, "the list did not come from the replica"
    for number in range(20):
        # Accepted, not waited for: the list waits, for the stream and for the replica.
        body = {"currency": "RUB", "owner": "reader"}
        assert (await native.post("/v1/wallets", json=body)).status_code == 202
        assert len(await listed(native)) == number + 2
    await replica.pause()
    second = await opened(native, owner="reader")  # waited for: from the primary
    wallet = await native.get(f"/v1/wallets/{second}")
    assert wallet.status_code == 200, "a wallet read is older than its decision"
    accepted = await native.post("/v1/wallets", json={"currency": "RUB", "owner": "reader"})
    operation = accepted.json()["operation_id"]
    standing: Any = await native.get(f"/v1/operations/{operation}", params={"wait": 10})
    assert standing.json()["status"] == "applied"
    assert second not in await listed(native), "the list is the replica's, and it stands still"
    old = await native.get("/v1/wallets")
    assert old.headers["Payments-Stale"] == "true", "and it says so"

    async def is_listed_by_primary() -> bool:
        return second in await listed(native)

    # Too far behind: within the bound and a moment, lists are the primary's again.
    await eventually(is_listed_by_primary, deadline_s=LAG_MAX_S + 4)
    await replica.resume()


async def test_without_the_replica_lists_come_from_the_primary(
    native: httpx.AsyncClient, replica: Replica
) -> None:
    wallet_id = await opened(native, owner="reader")
    replica.process.kill()

    async def is_listed() -> bool:
        answer = await native.get("/v1/wallets", params={"owner": "reader"})
        return answer.status_code == 200 and str(wallet_id) in answer.text

    await eventually(is_listed)
