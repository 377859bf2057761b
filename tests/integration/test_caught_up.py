"""What a read waits for: the entries that stood in the streams when it came, and no later ones."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import payments.wallets.open
from payments.kernel.clock import monotonic_s
from payments.operations.submit import fresh
from payments.reads.caught_up import CaughtUp
from payments.wallets.open import OpenWallet
from tests.fixtures.platform import Platform


@pytest.fixture
async def caught_up(platform: Platform) -> AsyncIterator[CaughtUp]:
    running = CaughtUp(platform.redis_url, platform.database_url)
    await running.start()
    yield running
    await running.stop()


async def open_wallet(platform: Platform, owner: str = "a") -> None:
    """Accepted, not waited for."""
    intent = OpenWallet(currency="RUB", owner=owner)
    await platform.submitter(fresh(payments.wallets.open.OPERATION, intent, actor="test"))


async def wallets(platform: Platform) -> int:
    found: int = await platform.value("SELECT count(*) FROM wallets")
    return found


async def test_nothing_accepted_is_nothing_to_wait_for(caught_up: CaughtUp) -> None:
    assert await caught_up.wait(5)


async def test_what_was_accepted_is_applied_when_it_says_so(
    platform: Platform, caught_up: CaughtUp
) -> None:
    for count in range(1, 30):
        await open_wallet(platform, f"owner {count}")
        assert await caught_up.wait(10)
        assert await wallets(platform) == count


async def test_many_readers_share_the_looks(platform: Platform, caught_up: CaughtUp) -> None:
    await open_wallet(platform)
    assert all(await asyncio.gather(*(caught_up.wait(10) for _ in range(200))))
    assert await wallets(platform) == 1


async def test_a_wait_is_bounded(platform: Platform, caught_up: CaughtUp) -> None:
    await platform.stop_consumer()
    await open_wallet(platform)
    before = monotonic_s()
    assert not await caught_up.wait(0.2)
    assert monotonic_s() - before < 30
    waiting = asyncio.create_task(caught_up.wait(10))
    await platform.start_consumer()
    assert await waiting
    assert await wallets(platform) == 1


async def test_without_redis_nobody_knows(platform: Platform) -> None:
    away = CaughtUp("redis://127.0.0.1:9", platform.database_url)
    await away.start()
    assert not await away.wait(5)
    await away.stop()
