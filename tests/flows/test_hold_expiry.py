"""A hold lets go by itself: asked for over HTTP, ended by the scheduler's beat."""

import asyncio
from typing import Any

import httpx

from payments.entrypoints.scheduler import create_tools
from scheduler.heartbeat import Heartbeat
from scheduler.job import Job
from scheduler.jobs import expire_holds
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually


async def test_an_expired_hold_gives_the_money_back(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update({**await api_key(platform), "Prefer": "wait=10"})

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
