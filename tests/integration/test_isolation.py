"""What cannot be decided delays nothing else: transfers beside it are decided within a second."""

import asyncio

import pytest

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.ids import new_id
from payments.operations.envelope import encode, seal
from payments.registry import OPERATIONS
from payments.transfers import create
from payments.wallets.open import OpenWallet
from streams import partitions
from tests.fixtures.pace import a_second
from tests.fixtures.platform import Platform
from tests.integration.test_apply import credit, transfer
from tests.integration.test_stream_entries import entry_of
from tests.integration.test_stream_entries import transfer as payload

BY_KIND = {operation.kind: operation for operation in OPERATIONS}
PAYERS = 32
POISON = 4242
"""Minor units of a transfer that PostgreSQL refuses."""


async def funded(platform: Platform) -> int:
    made = await platform.apply(BY_KIND["wallet.open"], OpenWallet(currency="RUB", owner="o"))
    await platform.apply(BY_KIND["wallet.adjust"], credit(int(made["wallet_id"]), 100_000))
    return int(made["wallet_id"])


async def paid(platform: Platform, wallets: list[int]) -> object:
    return await platform.apply(create.OPERATION, transfer(wallets[1], wallets[0], 1))


async def send(platform: Platform, payloads: list[bytes]) -> None:
    """Straight into the streams, over all partitions."""
    pipeline = platform.redis.pipeline(transaction=False)
    for number, one in enumerate(payloads):
        name = partitions.intents(number % platform.settings.partitions)
        pipeline.execute_command("XADD", name, "*", partitions.FIELD, one)
    await pipeline.execute()


async def slowest(platform: Platform, wallets: list[int], seconds: float) -> float:
    """How long the slowest transfer took, of many at a time. Those sent last are waited for."""
    until, times = monotonic_s() + seconds, [0.0]

    async def pay(payer: int, payee: int) -> None:
        while monotonic_s() < until:
            began = monotonic_s()
            await platform.apply(create.OPERATION, transfer(payer, payee, 1))
            times.append(monotonic_s() - began)

    await asyncio.gather(*(pay(a, wallets[0]) for a in wallets[1:]))
    return max(times)


@pytest.mark.case("C13")
async def test_entries_of_an_unknown_kind(platform: Platform) -> None:
    wallets = [await funded(platform) for _ in range(PAYERS)]
    limit_s = await a_second(lambda: paid(platform, wallets))
    paying = asyncio.create_task(slowest(platform, wallets, 1.2))
    await send(
        platform,
        [entry_of(payload(), kind="transfer.undo", order=f"elsewhere {n}") for n in range(1000)],
    )
    assert await paying < limit_s
    assert await platform.value("SELECT count(*) FROM dead_letters") == 0


@pytest.mark.case("C12")
@pytest.mark.parametrize("error", ["raise_exception", "unique_violation", "serialization_failure"])
async def test_a_poisoned_entry_in_a_large_batch(error: str, platform: Platform) -> None:
    """Tried again or not: the batch is halved until it is alone."""
    wallets = [await funded(platform) for _ in range(PAYERS)]
    limit_s = await a_second(lambda: paid(platform, wallets))
    async with platform.connection() as connection:
        await connection.execute(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" RAISE EXCEPTION 'not this one' USING ERRCODE = '{error}'; END $$;"
            " CREATE TRIGGER fail BEFORE INSERT ON entries FOR EACH ROW"
            f" WHEN (NEW.amount = {POISON}) EXECUTE FUNCTION fail()"
        )
    minors = [1] * 400 + [POISON] + [1] * 400
    entries = []
    for number, minor in enumerate(minors):
        intent = transfer(wallets[1 + number % (PAYERS - 1)], wallets[0], minor)
        entries.append(encode(seal(new_id(), "transfer.create", "t", intent, utc_now(), "")))
    paying = asyncio.create_task(slowest(platform, wallets, 1.2))
    await send(platform, entries)
    assert await paying < limit_s
    assert await platform.value("SELECT count(*) FROM dead_letters") == 1
