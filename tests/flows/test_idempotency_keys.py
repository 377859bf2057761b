"""An Idempotency-Key holds for ever, though nothing is looked up before a request is accepted."""

import asyncio
from typing import Any

import httpx
import pytest

from streams import partitions
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.flows.native import WAIT, funded, money, opened, transfer
from tests.integration.test_ledgers_word import POISON, two_wallets

KEY = {"Idempotency-Key": "order-17"}
TRANSFERS = "/v1/transfers"


def is_replay(answer: httpx.Response) -> bool:
    """True when the answer says that it is an earlier request's."""
    return bool(answer.headers.get("Idempotency-Replayed") == "true")


async def forget_redis(platform: Platform) -> None:
    """What is decided has left the stream long ago: no marker and no entry of it is there."""
    await platform.settled()
    for key in await platform.redis.keys("pay:*:op:*"):
        await platform.redis.delete(key)
    for partition in range(platform.settings.partitions):
        await platform.redis.xtrim(partitions.intents(partition), maxlen=0)


@pytest.mark.parametrize("headers", [{}, WAIT], ids=["accepted", "waited for"])
@pytest.mark.parametrize("is_refused", [False, True], ids=["applied", "refused"])
async def test_a_repeat_gets_the_first_outcome_long_afterwards(
    native: httpx.AsyncClient, platform: Platform, headers: dict[str, str], *, is_refused: bool
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "1000.00" if is_refused else "1.00")
    first = await native.post(TRANSFERS, json=body, headers={**WAIT, **KEY})
    assert first.status_code == (402 if is_refused else 201)
    assert not is_replay(first)
    await forget_redis(platform)
    for _ in range(2):
        again = await native.post(TRANSFERS, json=body, headers={**headers, **KEY})
        assert (again.status_code, again.json()) == (first.status_code, first.json())
        assert is_replay(again)
    other = await native.post(
        TRANSFERS, json={**body, "amount": "2.00"}, headers={**headers, **KEY}
    )
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    await platform.settled()
    assert (await money(native, destination))[0] == ("0.00" if is_refused else "1.00")
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.parametrize("headers", [{}, WAIT], ids=["accepted", "waited for"])
async def test_of_a_hundred_copies_one_is_the_first(
    native: httpx.AsyncClient, platform: Platform, headers: dict[str, str]
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "1.00")
    posts = (native.post(TRANSFERS, json=body, headers={**headers, **KEY}) for _ in range(100))
    answers = await asyncio.gather(*posts)
    assert {a.status_code for a in answers} <= {201, 202}
    assert len({a.json()["operation_id"] for a in answers}) == 1
    assert [is_replay(a) for a in answers].count(False) == 1
    await platform.settled()
    assert (await money(native, destination))[0] == "1.00"


async def test_a_new_request_is_202_even_when_it_is_decided_at_once(
    native: httpx.AsyncClient,
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "0.01")
    for n in range(30):
        answer = await native.post(TRANSFERS, json=body, headers={"Idempotency-Key": f"order-{n}"})
        assert (answer.status_code, is_replay(answer)) == (202, False)


async def test_the_same_key_with_a_parked_operation(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update({**await api_key(platform), **KEY})
    source, destination = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    poison = {**transfer(source, destination, "1.00"), "description": "poison"}
    assert (await client.post(TRANSFERS, json=poison, headers=WAIT)).json()["status"] == "parked"
    for headers in (WAIT, {}):
        again = await client.post(TRANSFERS, json=poison, headers=headers)
        assert again.status_code == 202  # tried again, the same operation
    other = await client.post(TRANSFERS, json={**poison, "amount": "2.00"}, headers=WAIT)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert await platform.value("SELECT count(*) FROM transfers") == 0


async def test_a_repeat_is_answered_while_nothing_is_accepted(
    native: httpx.AsyncClient, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    body = transfer(source, destination, "1.00")
    first = await native.post(TRANSFERS, json=body, headers={**WAIT, **KEY})
    await platform.settled()
    door: Any = "payments.operations.door.RedisDoor"
    refusing = property(lambda _: "backlog_full", lambda _, __: None)
    monkeypatch.setattr(f"{door}._closed", refusing, raising=False)
    for headers in ({}, WAIT):
        again = await native.post(TRANSFERS, json=body, headers={**headers, **KEY})
        assert (again.status_code, again.json()) == (201, first.json())
        assert is_replay(again)
        new = await native.post(TRANSFERS, json=body, headers={**headers, "Idempotency-Key": "x"})
        assert (new.status_code, new.json()["code"]) == (503, "backlog_full")
