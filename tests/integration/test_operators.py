"""What operators do: poison entries, dead letters, a Redis that went back in time, the doctor."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import redis.asyncio

import payments.wallets.open
from payments.entrypoints import doctor
from payments.entrypoints.scheduler import create_tools
from payments.entrypoints.settings import Secret
from payments.kernel.clock import utc_now
from payments.kernel.errors import Unavailable
from payments.kernel.ids import new_id
from payments.operations.envelope import Intent, encode, seal
from payments.operations.submit import fresh
from payments.wallets.open import OpenWallet
from scheduler.job import Tools
from streams import partitions
from streams.durability import REQUIRED, durability, may_script, problem, version_problem
from streams.server_client import create_server_client
from tests.fixtures.invariants import assert_invariants, broken_invariants
from tests.fixtures.platform import Platform, eventually
from tests.integration.test_cli_keys import payments as command


class Unreadable(Intent, frozen=True):
    """Not what its kind says."""

    n: int


def unreadable(kind: str = "wallet.freeze") -> bytes:
    """An entry whose intent lacks what its kind needs."""
    return encode(seal(new_id(), kind, "test", Unreadable(n=1), utc_now(), "")).replace(
        b'"n":1', b'"wallet_id":null'
    )


GARBAGE = (b"", b"\xff\xfe", b"{", b'{"kind":1}', b"[" * 5000)


async def letters(platform: Platform, count: int) -> list[Any]:
    """The dead letters, once there are that many."""

    async def enough() -> bool:
        return bool(await platform.value("SELECT count(*) FROM dead_letters") == count)

    await eventually(enough)
    async with platform.connection() as connection:
        return list(await connection.fetch("SELECT * FROM dead_letters ORDER BY id"))


async def test_poison_is_parked_while_its_neighbours_go_on(platform: Platform) -> None:
    await platform.stop_consumer()
    payloads = [*GARBAGE, unreadable()]
    for number in range(platform.settings.partitions):
        for payload in payloads:
            await platform.redis.xadd(partitions.intents(number), {partitions.FIELD: payload})
    wanted = [OpenWallet(currency="RUB", owner=str(n)) for n in range(20)]
    for intent in wanted:
        await platform.submitter(fresh(payments.wallets.open.OPERATION, intent, actor="t"))
    await platform.start_consumer()
    await platform.settled()
    parked = await letters(platform, len(payloads) * platform.settings.partitions)
    assert {row["kind"] for row in parked} == {None, "wallet.freeze"}
    assert all((row["kind"] is None) == (row["operation_id"] is None) for row in parked)
    assert all(row["error"] for row in parked)
    assert await platform.value("SELECT count(*) FROM wallets") == len(wanted)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_letter_is_listed_shown_retried_and_discarded(platform: Platform) -> None:
    await platform.redis.xadd(partitions.intents(0), {partitions.FIELD: unreadable()})
    (letter,) = await letters(platform, 1)
    first, operation = str(letter["id"]), str(letter["operation_id"])
    assert operation in command(platform, "dead-letters", "list").stdout
    shown = command(platform, "dead-letters", "show", first).stdout
    assert "wallet.freeze" in shown
    assert "Traceback" in shown
    assert command(platform, "dead-letters", "retry", first).returncode == 0
    again = (await letters(platform, 2))[1]
    assert str(again["operation_id"]) == operation
    second = str(again["id"])
    assert command(platform, "dead-letters", "retry", first).returncode == 1
    assert command(platform, "dead-letters", "discard", second).returncode == 0
    assert command(platform, "dead-letters", "discard", second).returncode == 1
    assert command(platform, "dead-letters", "show", "999").returncode == 1
    rows = "SELECT string_agg(state, ',' ORDER BY id) FROM dead_letters"
    assert await platform.value(rows) == "retried,discarded"
    assert await platform.value("SELECT reason FROM operations") == "discarded_by_operator"
    await assert_invariants(platform.database_url, platform.redis_url)


async def roll_back(platform: Platform) -> None:
    """Redis loses everything, as after the restore of an old file."""
    intent = OpenWallet(currency="RUB", owner="me")
    await platform.apply(payments.wallets.open.OPERATION, intent)
    await platform.settled()
    await platform.stop_consumer()
    await platform.redis.flushdb()


async def submitted(tools: Tools) -> bool:
    intent = OpenWallet(currency="RUB", owner="me")
    try:
        await tools.submitter(fresh(payments.wallets.open.OPERATION, intent, actor="t"))
    except Unavailable:
        return False
    return True


async def test_a_rolled_back_redis_stops_everything_until_an_operator_has_looked(
    platform: Platform,
) -> None:
    await roll_back(platform)
    async with create_tools(platform.settings) as tools:
        assert not await submitted(tools)
        broken = await broken_invariants(platform.database_url, platform.redis_url)
        assert set(broken) == {"redis_not_behind"}
        seen = await doctor.examine(platform.settings)
        assert any("--accept-loss" in f.advice for f in seen)
        assert await doctor.accept_loss(platform.settings)
        assert await doctor.accept_loss(platform.settings) == []
        await assert_invariants(platform.database_url, platform.redis_url)
        await eventually(lambda: submitted(tools))
    await platform.start_consumer()
    await platform.settled()
    assert await platform.value("SELECT count(*) FROM wallets") == 2
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_the_doctor_speaks(platform: Platform) -> None:
    found = command(platform, "doctor")
    for word in ("python", "postgresql fsync", "redis appendfsync", "schema", "consumers alive"):
        assert word in found.stdout
    audit = command(platform, "audit")
    assert audit.returncode == 0
    async with platform.connection() as connection:
        await connection.execute("UPDATE stream_partitions SET halted_reason = 'on purpose'")
    audit = command(platform, "audit")
    assert audit.returncode == 1
    assert "on purpose" in audit.stdout


@pytest.fixture
async def limited(platform: Platform) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Makes clients of a user with some rights only."""
    made: list[redis.asyncio.Redis] = []

    async def make(*rights: str) -> Any:
        server: Any = platform.redis
        user = ("ACL", "SETUSER", "limited", "reset", "on", ">secret", "~*", "&*")
        await server.execute_command(*user, *rights)
        client = create_server_client(platform.redis_url, connections=2)
        client.connection_pool.connection_kwargs |= {"username": "limited", "password": "secret"}
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()
    await platform.redis.acl_deluser("limited")


async def test_durable_settings_have_no_problem(platform: Platform) -> None:
    assert await durability(platform.redis) == REQUIRED


async def test_what_an_acl_hides_is_a_problem_in_words(
    limited: Callable[..., Awaitable[Any]],
) -> None:
    settings = await durability(await limited("+@all", "-config"))
    assert len(settings) == 4
    assert all("CONFIG GET" in problem(name, value) for name, value in settings.items())


@pytest.mark.case("P4")
async def test_an_attestation_stands_for_what_cannot_be_read_and_for_nothing_else(
    platform: Platform, limited: Callable[..., Awaitable[Any]]
) -> None:
    hidden = await limited("+@all", "-config")
    checked = await doctor._server("redis", hidden, is_attested=False)
    attested = await doctor._server("redis", hidden, is_attested=True)
    assert len([f for f in checked if f.is_unsafe]) == len(REQUIRED)
    assert [f for f in attested if f.is_unsafe or "CONFIG" in f.advice] == []
    assert len([f for f in attested if "YOU VOUCH FOR IT" in f.found]) == len(REQUIRED)
    await platform.redis.config_set("appendfsync", "everysec")
    try:
        read = await doctor._server("redis", platform.redis, is_attested=True)
    finally:
        await platform.redis.config_set("appendfsync", "always")
    assert [f.part for f in read if f.is_unsafe] == ["redis appendfsync"]


async def test_a_setting_that_loses_money_is_named(platform: Platform) -> None:
    await platform.redis.config_set("appendfsync", "everysec")
    try:
        settings = await durability(platform.redis)
        unsafe = [f.part for f in await doctor.durability(platform.settings) if f.is_unsafe]
    finally:
        await platform.redis.config_set("appendfsync", "always")
    (name,) = [name for name in REQUIRED if settings[name] != REQUIRED[name]]
    assert "appendfsync is everysec and must be always" in problem(name, settings[name])
    assert unsafe == ["redis appendfsync"]


async def test_scripting_is_found_open_or_closed(limited: Callable[..., Awaitable[Any]]) -> None:
    assert not await may_script(await limited("+@all", "-@scripting"))
    open_ = await limited("+@all")
    assert await may_script(open_)
    assert isinstance(await version_problem(open_), str | None)


async def test_unreachable_servers_are_said_not_raised(platform: Platform) -> None:
    nowhere = msgspec.structs.replace(
        platform.settings,
        database_url=Secret("postgresql://nobody@127.0.0.1:1/none"),
        redis_url=Secret("redis://127.0.0.1:1/0"),
    )
    found = {f.part: f.found for f in await doctor.examine(nowhere)}
    assert found["postgresql"] == found["redis"] == "unreachable"
