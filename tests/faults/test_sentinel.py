"""Redis behind Sentinel: the master is killed, its replica takes over, nothing applied is lost."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

import payments.wallets.open
from payments.entrypoints import doctor
from payments.entrypoints.settings import Secret, Settings
from payments.kernel.errors import Unavailable
from payments.operations.submit import Ticket, keyed
from payments.wallets.open import OpenWallet
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import PARTITIONS, Platform, eventually
from tests.fixtures.sentinel import Watched, watched_master

pytestmark = pytest.mark.faults


@pytest.fixture
def watched() -> Iterator[Watched]:
    with watched_master() as running:
        yield running


@pytest.fixture
async def platform(database: str, watched: Watched) -> AsyncIterator[Platform]:
    await eventually(lambda: asyncio.to_thread(watched.knows_replica), 30, every_s=0.2)
    settings = Settings(
        database_url=Secret(database), redis_url=Secret(watched.url), partitions=PARTITIONS
    )
    running = Platform(settings)
    await running.start()
    yield running
    await running.stop()


async def opened(platform: Platform, key: str) -> Ticket | None:
    """The wallet of a key; None while Redis has no master."""
    intent = OpenWallet(currency="RUB", owner="u")
    request = keyed(payments.wallets.open.OPERATION, intent, actor="t", key=key)
    try:
        ticket = await platform.submitter(request, 5)
    except Unavailable:
        return None
    return ticket if ticket.decision is not None else None


@pytest.mark.slow
@pytest.mark.case("P5")
async def test_the_replica_takes_over_and_everything_goes_on(
    platform: Platform, watched: Watched
) -> None:
    first = await opened(platform, "first")
    assert first is not None
    findings = await doctor.durability(platform.settings)
    assert [finding.part for finding in findings if finding.is_unsafe] == []
    # Without `min_replicas` the master answers before its replica has it.
    await eventually(lambda: asyncio.to_thread(watched.is_replicated))
    watched.master.process.kill()
    second = await eventually(lambda: opened(platform, "second"), 30, every_s=0.2)
    assert second is not None
    again = await opened(platform, "first")
    assert again is not None
    assert again.decision == first.decision
    assert watched.replica.client.info("replication")["role"] == "master"
    await platform.settled()
    await assert_invariants(platform.database_url, platform.redis_url)
