"""What an event says is what the thing's own GET says, on every surface."""

from typing import Any

import httpx
import pytest

from tests.fixtures.platform import api_key
from tests.fixtures.shop import SETTINGS, Shop
from tests.flows.native import WAIT, funded, opened, transfer, waited

TRANSACTION = "/v1/transactions"
SERVICE = "/api/v1"


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


async def last(http: httpx.AsyncClient, type_: str) -> Any:
    """The data of the newest event of a type."""
    answer = await http.get("/v1/events", params={"type": type_, "limit": 1000})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"][-1]["data"]


async def shown(http: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_transactions_and_accounts(native: httpx.AsyncClient) -> None:
    wallet = await funded(native, "100.00")
    account = {"name": "fees", "currency": "RUB", "allow_negative": True}
    assert (await waited(native, "/v1/accounts", account))[0] == 201
    assert await last(native, "account.opened") == await shown(native, "/v1/accounts/fees")
    postings = [
        {
            "source": f"wallet:{wallet}",
            "destination": "account:fees",
            "amount": a,
            "currency": "RUB",
        }
        for a in ("95.00", "5.00")
    ]
    body = {"postings": postings, "reference": "order-17", "metadata": {"k": {"b": 1, "a": "ü"}}}
    _, made = await waited(native, TRANSACTION, {**body, "effective_at": "2026-01-02T03:04:05Z"})
    path = f"{TRANSACTION}/{made['transaction_id']}"
    assert await last(native, "transaction.applied") == await shown(native, path)
    status, back = await waited(native, f"{path}/reverse", {"reason": "returned"})
    assert status == 201, back
    path = f"{TRANSACTION}/{back['transaction_id']}"
    said = await last(native, "transaction.reversed")
    assert said == await shown(native, path)
    assert said["description"] == "returned"


async def test_a_transfer_reversed_as_a_transaction(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    _, made = await waited(native, "/v1/transfers", transfer(source, destination, "2"))
    _, back = await waited(native, f"{TRANSACTION}/{made['transfer_id']}/reverse", {"reason": "x"})
    path = f"{TRANSACTION}/{back['transaction_id']}"
    assert await last(native, "transaction.reversed") == await shown(native, path)


async def test_the_shop(shop: Shop) -> None:
    user = await shop.user("mary")
    product_id = await shop.product("2.70")
    await shop.topped_up(user, 5, "102.59", 1)
    assert (await shop.buy(user, product_id, 5)).status_code == 201
    items = (await shop.http.get("/shop/transactions", headers=user.headers)).json()["items"]
    reader = await api_key(shop.platform, "events:read")
    shop.http.headers.update(reader)
    said = [await last(shop.http, type_) for type_ in ("purchase.applied", "bill.topped_up")]
    assert said == items


async def test_the_wallet_service(native: httpx.AsyncClient) -> None:
    for user_id in (1, 2):
        body = {"user_id": user_id, "amount": 100}
        await native.post(f"{SERVICE}/wallet/", json=body, headers=WAIT)
        told = await last(native, "client_wallet.opened")
        assert told == await shown(native, f"{SERVICE}/wallet/", user_id=user_id)
    wallets = [await shown(native, f"{SERVICE}/wallet/", user_id=n) for n in (1, 2)]
    first, second = (wallet["wallet_id"] for wallet in wallets)
    deposit = {"wallet_id": first, "amount": 50}
    answer = await native.post(f"{SERVICE}/wallet/deposit/", json=deposit, headers=WAIT)
    assert answer.status_code < 300, answer.text
    told = await last(native, "client_wallet.deposited")
    assert told == await shown(native, f"{SERVICE}/wallet/", wallet_id=first)
    assert told["amount"] == 150
    body = {"user_id": 1, "source_wallet_id": first, "dest_wallet_id": second, "trans_sum": 7}
    await native.post(f"{SERVICE}/transaction/", json=body, headers=WAIT)
    told = await last(native, "client_transfer.applied")
    query = {"user_id": 1, "transaction_id": told["transaction_id"]}
    assert told == await shown(native, f"{SERVICE}/transaction/", **query)
