"""A server restored from an older state is noticed from either side, before anything is hidden."""

import pytest

import payments.wallets.open
from payments.entrypoints import doctor
from payments.entrypoints.settings import Settings
from payments.kernel.clock import utc_now
from payments.kernel.errors import Conflict, Unavailable
from payments.kernel.ids import new_id
from payments.operations import dead_letters
from payments.operations.door import RedisDoor
from payments.operations.envelope import encode, seal
from payments.operations.submit import fresh
from payments.wallets.open import OpenWallet
from streams import partitions
from streams.rollback import find_trouble, look, positions
from tests.fixtures.invariants import assert_invariants, broken_invariants
from tests.fixtures.platform import Platform, eventually
from tests.integration.test_operators import letters, unreadable

WALLET = OpenWallet(currency="RUB", owner="me")


async def put_back(platform: Platform) -> None:
    """PostgreSQL as it was before the last entry of each stream: what a restore leaves."""
    async with platform.connection() as connection:
        await connection.execute(
            "UPDATE stream_partitions SET last_ms = last_ms - 1 WHERE last_ms > 0"
        )


def door_of(settings: Settings) -> RedisDoor:
    return RedisDoor(
        settings.redis_url.reveal(),
        settings.database_url.reveal(),
        partition_count=settings.partitions,
    )


@pytest.mark.case("C2")
async def test_a_running_door_closes_when_postgresql_is_put_back(platform: Platform) -> None:
    await platform.apply(payments.wallets.open.OPERATION, WALLET)
    await platform.settled()
    assert platform.door.closed_reason is None
    await put_back(platform)

    async def is_closed() -> bool:
        return platform.door.closed_reason == "postgres_rolled_back"

    await eventually(is_closed)
    with pytest.raises(Unavailable) as refused:
        await platform.submitter(fresh(payments.wallets.open.OPERATION, WALLET, actor="t"))
    assert refused.value.code == "postgres_rolled_back"
    broken = await broken_invariants(platform.database_url, platform.redis_url)
    assert set(broken) == {"postgres_not_behind"}
    seen = await doctor.examine(platform.settings)
    assert any("payments recover" in f.advice for f in seen)
    with pytest.raises(Conflict):
        await doctor.accept_loss(platform.settings)


@pytest.mark.case("C2")
async def test_what_is_pending_does_not_hide_it(platform: Platform) -> None:
    """A consumer that starts applies what is pending, and so moves the position past the gap."""
    await platform.apply(payments.wallets.open.OPERATION, WALLET)
    await platform.settled()
    await platform.stop_consumer()
    await put_back(platform)
    # As a crash leaves it: entries delivered and not acknowledged, in every stream.
    for number in range(platform.settings.partitions):
        payload = encode(
            seal(new_id(), payments.wallets.open.OPERATION.kind, "t", WALLET, utc_now(), "")
        )
        await platform.redis.xadd(partitions.intents(number), {partitions.FIELD: payload})
        await platform.redis.xreadgroup(
            partitions.GROUP, partitions.OWNER, {partitions.intents(number): ">"}
        )
    await platform.door.stop()
    await platform.start_consumer()
    await platform.settled()
    halted = await platform.value(
        "SELECT count(*) FROM stream_partitions WHERE halted_reason ~ $1", "^postgres_rolled_back"
    )
    assert halted >= 1
    door = door_of(platform.settings)
    await door.start()
    assert door.closed_reason == "postgres_rolled_back"
    await door.stop()


@pytest.mark.case("C2")
async def test_a_platform_under_load_is_never_halted(platform: Platform) -> None:
    requests = [fresh(payments.wallets.open.OPERATION, WALLET, actor="t") for _ in range(300)]
    await platform.submitter.many(requests)
    async with platform.connection() as connection:
        while sum((await partitions.backlog(platform.redis, range(4))).values()):
            before, _ = await positions(connection)
            views = await look(platform.redis, before)
            after, _ = await positions(connection)
            assert find_trouble(before, views, after) == {}
    await platform.settled()
    assert platform.door.closed_reason is None


@pytest.mark.case("C6")
@pytest.mark.parametrize("stream", ["intents", "effects"])
async def test_retrying_a_dead_letter_does_not_hide_a_rolled_back_redis(
    platform: Platform, stream: str
) -> None:
    await platform.redis.xadd(partitions.intents(0), {partitions.FIELD: unreadable()})
    (letter,) = await letters(platform, 1)
    await platform.settled()
    async with platform.connection() as connection:
        await connection.execute("UPDATE dead_letters SET stream = $1", stream)
    await platform.stop_consumer()
    await platform.redis.flushdb()
    door = door_of(platform.settings)
    await door.start()
    async with platform.connection() as connection:
        with pytest.raises(Unavailable) as refused:
            await dead_letters.retry_letter(connection, door, letter["id"], utc_now(), "me")
    await door.stop()
    assert refused.value.code == "redis_rolled_back"
    assert await platform.value("SELECT state FROM dead_letters") == "parked"
    assert not await platform.redis.exists(partitions.intents(0))
    broken = await broken_invariants(platform.database_url, platform.redis_url)
    assert "redis_not_behind" in broken


@pytest.mark.case("C6")
@pytest.mark.parametrize("payload", [unreadable(), b"no JSON"])
async def test_a_retried_letter_is_in_its_stream_again(platform: Platform, payload: bytes) -> None:
    await platform.redis.xadd(partitions.intents(2), {partitions.FIELD: payload})
    (letter,) = await letters(platform, 1)
    async with platform.connection() as connection:
        await dead_letters.retry_letter(connection, platform.door, letter["id"], utc_now(), "me")
    again = (await letters(platform, 2))[1]
    assert (again["partition"], again["payload"]) == (2, payload)
    await assert_invariants(platform.database_url, platform.redis_url)
