"""`?at=`: what was answered once is answered for ever."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from payments.kernel.clock import rfc3339, utc_now
from payments.kernel.ids import AccountId
from payments.ledger.at_a_time import balance_at
from tests.fixtures.platform import Platform, api_key
from tests.integration.test_ledgers_word import transfer, two_wallets, under_key


@pytest.mark.case("M10")
async def test_answers_do_not_change_under_load(platform: Platform) -> None:
    wallets = await two_wallets(platform)
    source = AccountId(wallets[0])
    answered = []
    done = asyncio.Event()

    async def ask() -> None:
        while not done.is_set():
            at = utc_now()
            answered.append((at, await balance_at(platform.engine, source, at, utc_now())))

    asking = asyncio.create_task(ask())
    for number in range(30):
        requests = [under_key(transfer(wallets, 1), f"{number}-{n}") for n in range(10)]
        await platform.submitter.many(requests, 30)
    done.set()
    await asking
    again = [await balance_at(platform.engine, source, at, utc_now()) for at, _ in answered]
    assert again == [minor for _, minor in answered]
    assert len(set(again)) > 1


@pytest.mark.case("M10")
async def test_an_answer_waits_for_what_is_on_its_way(platform: Platform) -> None:
    """A batch that has the account and is dated before the question."""
    wallets = await two_wallets(platform)
    source = AccountId(wallets[0])
    async with platform.connection() as connection:
        async with connection.transaction():
            await connection.execute("SELECT FROM accounts WHERE id = $1 FOR NO KEY UPDATE", source)
            at = utc_now()
            asking = asyncio.create_task(balance_at(platform.engine, source, at, at))
            done, _ = await asyncio.wait({asking}, timeout=0.3)
            assert not done
        assert await asking == 1000
    behind = at - timedelta(hours=1)
    await platform.stop_consumer()
    platform.clock = lambda: behind  # a consumer whose clock is an hour behind
    await platform.start_consumer()
    await platform.submitter(under_key(transfer(wallets, 100)), 30)
    assert await balance_at(platform.engine, source, at, utc_now()) == 1000
    assert await balance_at(platform.engine, source, utc_now(), utc_now()) == 900


@pytest.mark.case("M10")
async def test_the_future_is_refused(client: httpx.AsyncClient, platform: Platform) -> None:
    client.headers.update(await api_key(platform))
    source, _ = await two_wallets(platform)
    for at in ("2030-01-01T00:00:00Z", rfc3339(utc_now() + timedelta(minutes=1))):
        answer = await client.get(f"/v1/wallets/{source}", params={"at": at})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
        assert answer.json()["errors"][0]["field"] == "at"
    now = await client.get(f"/v1/wallets/{source}", params={"at": rfc3339(utc_now())})
    assert (now.status_code, now.json()["balance"]) == (200, "10.00")
