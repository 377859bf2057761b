"""Dead letters in the console: why one is there, trying it again, giving it up."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.fixtures.console import Console, Desk
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually
from tests.integration.test_ledgers_word import POISON, two_wallets

HOSTILE = "<script>alert(1)</script>"
CURE = "ALTER TABLE transfers DROP CONSTRAINT no_poison"


@pytest.fixture
async def parked(
    console: Console, client: httpx.AsyncClient, platform: Platform
) -> AsyncIterator[tuple[Desk, str, str]]:
    """Anna, the page of a dead letter, and the operation in it."""
    client.headers.update({**await api_key(platform), "Prefer": "wait=30"})
    source, destination = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    wallets = {"source_wallet_id": source, "destination_wallet_id": destination}
    body = {**wallets, "amount": "1.00", "currency": "RUB", "description": "poison"}
    answer = await client.post("/v1/transfers", json=body)
    assert answer.json()["status"] == "parked", answer.text
    id_ = await platform.value("SELECT id FROM dead_letters")
    error = f"Traceback\nRuntimeError: {HOSTILE}"
    async with platform.connection() as connection:
        await connection.execute("UPDATE dead_letters SET error = $1", error)
    yield await console.desk("anna"), f"/console/dead-letters/{id_}", answer.json()["operation_id"]
    await assert_invariants(platform.database_url, platform.redis_url)


Parked = tuple[Desk, str, str]


async def test_it_says_what_happened_and_what_to_do(parked: Parked, console: Console) -> None:
    anna, where, operation_id = parked
    listed = await anna.get("/console/dead-letters?state=parked")
    assert where in listed.html, listed.text
    assert "Nothing matches" in (await anna.get("/console/dead-letters?kind=other")).text
    page = await anna.get(where)
    assert operation_id in page.text
    assert "Nothing of it was booked" in page.text
    assert '"description": "poison"' in page.text
    assert "Traceback" in page.text
    for shown in (page, await anna.get("/console/dead-letters")):
        assert "<script>alert" not in shown.html
        assert "alert(1)" in shown.text
    assert "Nothing matches" in (await anna.get("/console/dead-letters?state=retried")).text
    viewer = await console.desk("vera", "viewer")
    assert "Try again" not in (await viewer.get(where)).text


async def test_it_is_tried_again_once_the_cause_is_gone(
    parked: Parked, client: httpx.AsyncClient, platform: Platform
) -> None:
    anna, where, operation_id = parked
    async with platform.connection() as connection:
        await connection.execute(CURE)
    page = await anna.act(f"{where}/retry", reason="the trigger is gone")
    assert "retried" in page.text

    async def applied() -> bool:
        standing = await client.get(f"/v1/operations/{operation_id}")
        return bool(standing.json()["status"] == "applied")

    await eventually(applied)
    page = await anna.get(where)
    assert "Done." in page.text
    assert "by operator:anna" in page.text
    again = await anna.act(f"{where}/discard")
    assert (again.status, "retried already" in again.text) == (409, True)
    assert await platform.value("SELECT count(*) FROM transfers") == 1


async def test_it_is_given_up_with_a_reason(
    parked: Parked, client: httpx.AsyncClient, platform: Platform
) -> None:
    anna, where, operation_id = parked
    assert (await anna.act(f"{where}/discard", reason="")).status == 422
    page = await anna.act(f"{where}/discard", reason="it must never happen")
    assert "discarded" in page.text
    assert "it must never happen" in page.text
    standing = (await client.get(f"/v1/operations/{operation_id}")).json()
    assert standing["status"] == "rejected"
    assert await platform.value("SELECT count(*) FROM transfers") == 0
    async with platform.connection() as connection:
        await connection.execute(CURE)
