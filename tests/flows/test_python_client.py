"""clients/python against the product over a real socket, with replies cut on purpose."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from payments_client import (
    AsyncClient,
    Client,
    FateUnknown,
    InsufficientFunds,
    NoAnswer,
    NotAllowed,
    NotFound,
    Undecided,
)
from payments_tools.torture.proxy import Proxy
from tests.fixtures.live import Live
from tests.fixtures.platform import eventually

TRANSFERS = b"POST /v1/transfers "


@pytest.fixture
async def proxy(live: Live) -> AsyncIterator[Proxy]:
    """Stands between the client and the API."""
    between = Proxy(f"127.0.0.1:{live.settings.port}")
    await between.start()
    yield between
    await between.stop()


@pytest.fixture
async def client(live: Live, proxy: Proxy) -> AsyncIterator[AsyncClient]:
    """A client that calls through the proxy, with few retries."""
    async with AsyncClient(f"http://127.0.0.1:{proxy.port}", key_of(live), retries=3) as through:
        yield through


def key_of(live: Live) -> str:
    return live.key["Authorization"].removeprefix("Bearer ")


async def two_wallets(client: AsyncClient) -> tuple[int, int]:
    source = (await client.open_wallet("RUB", owner="ann")).wallet_id
    await client.adjust(source, 100, "RUB", "credit", "opening")
    return source, (await client.open_wallet("RUB", owner="bob")).wallet_id


async def test_a_reply_that_is_cut_is_asked_about_and_the_money_moves_once(
    client: AsyncClient, proxy: Proxy
) -> None:
    source, destination = await two_wallets(client)
    proxy.cut_reply_after(TRANSFERS)
    moved = await client.transfer(source, destination, "12.30", "RUB")
    assert (proxy.cuts, moved.destination_balance) == (1, Decimal("12.30"))
    assert len([entry async for entry in client.entries(destination)]) == 1


async def test_the_answer_to_the_question_may_be_cut_too(client: AsyncClient, proxy: Proxy) -> None:
    source, destination = await two_wallets(client)
    key, asked = "lost-twice", b"idempotency_key=lost"

    async def proxy_has_cut() -> int:
        return proxy.cuts

    async def cut_the_question() -> None:
        await eventually(proxy_has_cut, every_s=0.001)
        proxy.cut_reply_after(asked)

    proxy.cut_reply_after(TRANSFERS)
    cutting = asyncio.create_task(cut_the_question())
    moved = await client.transfer(source, destination, "1", "RUB", idempotency_key=key)
    await cutting
    assert (proxy.cuts, moved.destination_balance) == (2, Decimal("1.00"))


async def test_a_refusal_whose_reply_is_cut_is_still_a_refusal(
    client: AsyncClient, proxy: Proxy
) -> None:
    source, destination = await two_wallets(client)
    proxy.cut_reply_after(TRANSFERS)
    with pytest.raises(InsufficientFunds) as refused:
        await client.transfer(source, destination, "500", "RUB")
    assert (refused.value.status, proxy.cuts) == (402, 1)


async def test_when_nobody_answers_the_key_is_kept_and_completes_it(
    client: AsyncClient, proxy: Proxy, live: Live
) -> None:
    source, destination = await two_wallets(client)
    proxy.cut_reply_after(TRANSFERS)

    async def proxy_has_cut() -> int:
        return proxy.cuts

    async def go_away() -> None:
        await eventually(proxy_has_cut, every_s=0.001)
        await proxy.stop()

    leaving = asyncio.create_task(go_away())
    with pytest.raises(FateUnknown) as unknown:
        await client.transfer(source, destination, "7", "RUB")
    await leaving
    key = unknown.value.idempotency_key
    async with AsyncClient(live.url, key_of(live)) as later:
        operation = await later.find_operation(key)
        assert operation is not None
        moved = await later.transfer(source, destination, "7", "RUB", idempotency_key=key)
        assert moved.operation_id == operation.operation_id
        assert (await later.wallet(destination)).balance == Decimal("7.00")


async def test_where_nothing_listens_nothing_was_accepted(proxy: Proxy) -> None:
    await proxy.stop()
    async with AsyncClient(f"http://127.0.0.1:{proxy.port}", "k", retries=1) as client:
        with pytest.raises(NoAnswer):
            await client.transfer(1, 2, 1, "RUB")


async def test_who_does_not_wait_is_told_where_to_ask(client: AsyncClient) -> None:
    source, destination = await two_wallets(client)
    with pytest.raises(Undecided) as accepted:
        await client.transfer(source, destination, 1, "RUB", wait_s=0)
    operation = await client.operation(accepted.value.operation_id, wait_s=10)
    assert operation.status == "applied"


async def test_pages_are_one_iterator(client: AsyncClient) -> None:
    owner = "of many"
    opened = [(await client.open_wallet("RUB", owner)).wallet_id for _ in range(55)]
    assert [w.wallet_id async for w in client.wallets(owner=owner)] == opened[::-1]


async def test_problems_are_exceptions_by_code(client: AsyncClient, live: Live) -> None:
    with pytest.raises(NotFound) as missing:
        await client.wallet(999)
    assert missing.value.code == "wallet_not_found"
    with pytest.raises(TypeError, match="float"):
        await client.transfer(1, 2, 0.1, "RUB")  # type: ignore[arg-type]
    async with AsyncClient(live.url, "nobody's") as stranger:
        with pytest.raises(NotAllowed):
            await stranger.transfer(1, 2, 1, "RUB")


def test_the_synchronous_client_does_the_same(live: Live) -> None:
    with Client(live.url, key_of(live)) as client:
        source = client.open_wallet("RUB").wallet_id
        client.adjust(source, Decimal("10.50"), "RUB", "credit", "opening")
        assert [entry.amount for entry in client.entries(source)] == [Decimal("10.50")]
        assert next(e.type for e in client.events(types=["wallet.*"])) == "wallet.opened"
        hold = client.hold(source, 4, "RUB")
        assert client.hold_by_id(hold.hold_id).remaining == Decimal("4.00")
        assert client.release(hold.hold_id).released == Decimal("4.00")
