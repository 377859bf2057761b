"""The fixtures of the other tests work: the product runs inside a test."""

import httpx

from payments.wallets.open import OPERATION, OpenWallet
from tests.fixtures.platform import Platform, api_key


async def test_an_operation_goes_through(platform: Platform) -> None:
    result = await platform.apply(OPERATION, OpenWallet(currency="RUB", owner="me"))
    assert result["balance"] == "0.00"
    await platform.settled()


async def test_http_reaches_it(client: httpx.AsyncClient, platform: Platform) -> None:
    assert (await client.get("/health/ready")).json()["status"] == "ready"
    headers = {**await api_key(platform), "Prefer": "wait=30"}
    body = {"currency": "RUB", "owner": "me"}
    opened = await client.post("/v1/wallets", json=body, headers=headers)
    assert opened.status_code == 201, opened.text
    assert await platform.value("SELECT count(*) FROM wallets") == 1
