"""Over real HTTP: many copies at once, a Redis that is away, a rolling restart."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from migrations.run import migrate_async
from payments.apikeys.writes import create_key
from payments.embedded.servers import Servers
from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import create_engine
from tests.faults.guards import drained
from tests.faults.roles import Api, api, role
from tests.faults.stage import value
from tests.fixtures.platform import eventually

pytestmark = pytest.mark.faults

INN = "1234567890"
WAIT = {"Prefer": "wait=30"}


async def key_headers(database_url: str) -> dict[str, str]:
    """Of a key that may do everything."""
    engine = create_engine(database_url, pool_size=1)
    token = await create_key(engine, utc_now, env="development", name="faults", scopes=("*",))
    await engine.dispose()
    return {"Authorization": f"Bearer {token.text()}"}


def client(running: Api, headers: dict[str, str], connections: int = 50) -> httpx.AsyncClient:
    """Of the running API."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    timeout = httpx.Timeout(30, pool=None)  # copies wait for a connection of their own client
    return httpx.AsyncClient(
        base_url=running.base, headers=headers, limits=limits, timeout=timeout, trust_env=False
    )


async def test_a_thousand_copies_of_one_webhook_credit_once(database: str, redis_url: str) -> None:
    headers = await key_headers(database)
    payment = {"amount": 145000, "payer_inn": INN, "document_number": "PAY-328"}
    payment |= {"document_date": "2024-04-27T21:00:00Z"}
    async with (
        api(database, redis_url) as running,
        role("consumer", database, redis_url),
        role("consumer", database, redis_url),
        client(running, headers, connections=100) as http,
    ):
        added = await http.post("/v1/organizations", json={"inn": INN, "name": "One"})
        assert added.status_code == 201, added.text
        for copies in (100, 1000):
            body = {"operation_id": str(uuid4()), **payment}
            sent = (http.post("/api/webhook/bank", json=body) for _ in range(copies))
            answers = await asyncio.gather(*sent)
            assert {a.status_code for a in answers} == {200}
        await drained(redis_url)
        answer = await http.get(f"/api/organizations/{INN}/balance")
    assert answer.json()["balance"] == 2 * 145000
    assert await value(database, "SELECT count(*) FROM organization_payments") == 2


async def test_rolling_restart_loses_nothing(database: str, redis_url: str) -> None:
    headers = await key_headers(database)
    async with (
        api(database, redis_url) as running,
        role("consumer", database, redis_url) as consumer,
        client(running, headers) as http,
    ):
        wallets = [await wallet(http, "1000.00") for _ in range(2)]
        stop = asyncio.Event()
        load = [asyncio.create_task(transfers(http, wallets, n, stop)) for n in range(4)]
        assert await running.restart() == 0
        await running.ready()
        assert await consumer.restart() == 0
        assert await running.restart() == 0
        await running.ready()
        stop.set()
        sums = [sum(each) for each in zip(*await asyncio.gather(*load), strict=True)]
        await drained(redis_url)
        decided = await value(
            database,
            "SELECT count(*) FROM operations WHERE kind = 'transfer.create' AND status = 'applied'",
        )
    accepted, unexpected = sums
    assert (unexpected, decided) == (0, accepted)
    assert accepted > 20


async def transfers(
    http: httpx.AsyncClient, wallets: list[int], number: int, stop: asyncio.Event
) -> tuple[int, int]:
    """Transfers of a kopeck, each repeated until accepted; (accepted, answers nobody expects)."""
    accepted = unexpected = 0
    while not stop.is_set():
        body = {
            "source_wallet_id": wallets[0],
            "destination_wallet_id": wallets[1],
            "amount": "0.01",
            "currency": "RUB",
        }
        headers = {"Idempotency-Key": f"rolling-{number}-{accepted}"}
        try:
            answer = await http.post("/v1/transfers", json=body, headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(0.05)  # nobody listens in this moment
            continue
        if answer.status_code in {201, 202}:
            accepted += 1
        elif answer.status_code == 503:
            await asyncio.sleep(0.05)
        else:
            unexpected += 1
    return accepted, unexpected


async def wallet(http: httpx.AsyncClient, amount: str) -> int:
    """The number of a wallet with money."""
    number: int = (await applied(http, "/v1/wallets", {"currency": "RUB", "owner": "o"}))[
        "wallet_id"
    ]
    body = {"wallet_id": number, "amount": amount, "currency": "RUB", "direction": "credit"}
    await applied(http, "/v1/adjustments", {**body, "reason": "faults"})
    return number


async def applied(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The result of a POST, however long the consumer takes to start."""
    headers = {**WAIT, "Idempotency-Key": uuid4().hex}

    async def done() -> dict[str, Any] | None:
        answer = await http.post(path, json=body, headers=headers)
        document: dict[str, Any] = answer.json()
        return document if answer.status_code == 201 else None

    found = await eventually(done, 40)
    assert found is not None
    return found


MONEY_POSTS: dict[str, dict[str, Any]] = {
    "/v1/wallets": {"currency": "RUB", "owner": "o"},
    "/v1/adjustments": {
        "wallet_id": 1, "amount": "1", "currency": "RUB", "direction": "credit", "reason": "r",
    },
    "/v1/transfers": {
        "source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB",
    },
    "/v1/holds": {"wallet_id": 1, "amount": "1", "currency": "RUB"},
    "/v1/payouts": {
        "wallet_id": 1, "superpay_wallet_id": "W-1", "amount": "1", "currency": "RUB",
    },
    "/v1/deposits": {
        "wallet_id": 1, "amount": "1", "currency": "RUB",
        "success_url": "https://a.example/", "failure_url": "https://b.example/",
    },
    "/api/v1/wallet": {"user_id": 1, "amount": 7100},
    "/api/v1/wallet/deposit": {"wallet_id": 1, "amount": 1},
    "/api/v1/transaction": {
        "user_id": 1, "source_wallet_id": 1, "dest_wallet_id": 2, "trans_sum": 1,
    },
    "/api/webhook/bank": {
        "operation_id": "ccf0a86d-041b-4991-bcf7-e2352f7b8a4a", "amount": 1, "payer_inn": INN,
        "document_number": "P", "document_date": "2024-04-27T21:00:00Z",
    },
}  # fmt: skip


async def test_redis_down_is_said_by_every_money_post(private_servers: Servers) -> None:
    urls = private_servers.database_url, private_servers.redis_url
    await migrate_async(urls[0])
    headers = await key_headers(urls[0])
    redis = private_servers.redis
    assert redis is not None
    async with api(*urls) as running, client(running, headers) as http:
        redis.kill()

        async def is_not_ready() -> Any:
            found = await http.get("/health/ready")
            return found.json() if found.status_code == 503 else None

        assert "stream" in (await eventually(is_not_ready, 15))["failing"]
        for path, body in MONEY_POSTS.items():
            began_s = monotonic_s()
            answer = await http.post(path, json=body)
            assert answer.status_code == 503, (path, answer.text)
            assert answer.headers["content-type"].startswith("application/problem+json"), path
            assert int(answer.headers["retry-after"]) >= 1, path
            assert answer.json()["retryable"] is True, path
            assert monotonic_s() - began_s < 6, path
        redis.revive()
        await running.ready()
        assert (await http.post("/v1/wallets", json=MONEY_POSTS["/v1/wallets"])).status_code == 202
