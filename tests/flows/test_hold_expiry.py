"""A hold lets go by itself: asked for over HTTP, ended by the scheduler's beat."""

import asyncio
from typing import Any

import httpx
import pytest

from payments.entrypoints.scheduler import create_tools
from scheduler.heartbeat import Heartbeat
from scheduler.job import Job
from scheduler.jobs import expire_holds
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually
from tests.integration.test_ledgers_word import two_wallets


async def test_an_expired_hold_gives_the_money_back(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update({**await api_key(platform), "Prefer": "wait=30"})

    async def post(path: str, **body: Any) -> dict[str, Any]:
        answer = await client.post(path, json=body)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    wallet_id = (await post("/v1/wallets", currency="RUB", owner="me"))["wallet_id"]
    await post(
        "/v1/adjustments",
        wallet_id=wallet_id,
        amount="100.00",
        currency="RUB",
        direction="credit",
        reason="opening",
    )
    short, long = [
        await post("/v1/holds", wallet_id=wallet_id, amount="10.00", currency="RUB", expires_in_s=s)
        for s in (1, 3600)
    ]

    path = f"/v1/holds/{short['hold_id']}/release"
    await asyncio.sleep(1.1)  # its time; the sweep has not been
    answer = await client.post(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_closed")

    async def is_over() -> bool:
        answer = await client.get(f"/v1/holds/{short['hold_id']}")
        return bool(answer.json()["status"] != "open")

    async with create_tools(platform.settings) as tools:
        heartbeat = Heartbeat([Job(id="expire_holds", every_s=1, run=expire_holds.run)], tools, "a")
        heartbeat.start()
        try:
            await eventually(is_over)
        finally:
            await heartbeat.stop()
    wallet = (await client.get(f"/v1/wallets/{wallet_id}")).json()
    assert (wallet["balance"], wallet["available"], wallet["held"]) == ("100.00", "90.00", "10.00")
    assert (await client.get(f"/v1/holds/{long['hold_id']}")).json()["status"] == "open"
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("M6")
async def test_everybody_agrees_from_the_moment_of_expiry(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    """No sweep runs here: the hold is over all the same."""
    client.headers.update({**await api_key(platform), "Prefer": "wait=30"})
    source, destination = await two_wallets(platform)
    everything = {"amount": "10.00", "currency": "RUB"}
    body = {"wallet_id": source, "expires_in_s": 1, **everything}
    hold = (await client.post("/v1/holds", json=body)).json()
    before = (await client.get(f"/v1/wallets/{source}")).json()
    assert (before["available"], before["held"]) == ("0.00", "10.00")
    listed = (await client.get("/v1/wallets")).json()["items"]

    async def is_closed() -> bool:
        shown = (await client.get(f"/v1/holds/{hold['hold_id']}")).json()
        return bool(shown["status"] == "closed")

    await eventually(is_closed)
    shown = (await client.get(f"/v1/holds/{hold['hold_id']}")).json()
    assert shown["closed_at"] == shown["expires_at"]
    assert (shown["released"], shown["remaining"]) == ("10.00", "0.00")
    after = (await client.get(f"/v1/wallets/{source}")).json()
    assert (after["available"], after["held"]) == ("10.00", "0.00")
    again = (await client.get("/v1/wallets")).json()["items"]
    assert [w["held"] for w in listed] == ["0.00", "10.00"]
    assert [w["held"] for w in again] == ["0.00", "0.00"]
    wallets = {"source_wallet_id": source, "destination_wallet_id": destination}
    answer = await client.post("/v1/transfers", json={**wallets, **everything})
    assert (answer.status_code, answer.json()["source_balance"]) == (201, "0.00")
    assert (await client.get(f"/v1/holds/{hold['hold_id']}")).json() == shown
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("C5")
async def test_a_capture_accepted_in_time_counts_when_the_consumer_is_late(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update(await api_key(platform))
    source, destination = await two_wallets(platform)
    body = {"wallet_id": source, "expires_in_s": 2, "amount": "10.00", "currency": "RUB"}
    hold = (await client.post("/v1/holds", json=body, headers={"Prefer": "wait=30"})).json()
    await platform.stop_consumer()
    capture = await client.post(
        f"/v1/holds/{hold['hold_id']}/capture",
        json={"amount": "4.00", "destination_wallet_id": destination},
    )
    assert capture.status_code == 202

    async def is_closed() -> bool:
        shown = (await client.get(f"/v1/holds/{hold['hold_id']}")).json()
        return bool(shown["status"] == "closed")

    await eventually(is_closed)
    wallets = {"source_wallet_id": source, "destination_wallet_id": destination}
    everything = {**wallets, "amount": "10.00", "currency": "RUB"}
    late = await client.post("/v1/transfers", json=everything)
    async with create_tools(platform.settings) as tools:
        await expire_holds.run(tools)
    await platform.start_consumer()
    decided = (await client.get(capture.headers["Location"], params={"wait": "10"})).json()
    assert (decided["status"], decided["result"]["captured"]) == ("applied", "4.00")
    refused = (await client.get(late.headers["Location"], params={"wait": "10"})).json()
    assert (refused["status"], refused["reason"]) == ("rejected", "insufficient_funds")
    await platform.settled()
    await assert_invariants(platform.database_url, platform.redis_url)
