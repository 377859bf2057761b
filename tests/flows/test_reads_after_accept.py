"""What was answered 202 or 200 exists: reads see it, and what follows it is decided after it."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

import payments.wallets.open
from payments.kernel.clock import monotonic_s, utc_now
from payments.operations.submit import fresh
from payments.wallets.open import OpenWallet
from payments_tools.demo.organizations import seed_organizations
from tests.fixtures.banks import Marketplace, bank_settings
from tests.fixtures.platform import Platform
from tests.fixtures.shop import SETTINGS, Shop, notice
from tests.flows.native import WAIT, funded, money, opened, transfer

TIMES = 40
UNKNOWN = "019aa1b2-0000-7000-8000-000000000000"


@pytest.fixture
def settings_overrides(tmp_path: Path) -> dict[str, Any]:
    return {**SETTINGS, **bank_settings(tmp_path)}


@pytest.mark.case("S1")
async def test_a_balance_sees_the_bank_webhook_before_it(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await seed_organizations(platform.engine, utc_now)
    for number in range(1, TIMES + 1):
        body = {
            "operation_id": f"ccf0a86d-041b-4991-bcf7-{number:012d}",
            "amount": 100,
            "payer_inn": "1234567890",
            "document_number": str(number),
            "document_date": "2024-04-27T21:00:00Z",
        }
        assert (await client.post("/api/webhook/bank/", json=body)).status_code == 200
        answer = await client.get("/api/organizations/1234567890/balance/")
        assert answer.json()["balance"] == 100 * number
        assert "Payments-Stale" not in answer.headers


@pytest.mark.case("S1")
async def test_bills_see_the_shop_webhook_before_them(shop: Shop) -> None:
    user = await shop.user("mary")
    for number in range(1, TIMES + 1):
        body = notice(str(number), str(user.user_id), str(number % 3 + 1), "1")
        assert (await shop.send(body)).status_code == 200
        assert sum((await shop.balances(user)).values()) == number


@pytest.mark.case("S1")
@pytest.mark.parametrize("path", ["/api/v1/wallet/", "/api/v1/wallet/async"])
async def test_a_handshake_sees_its_wallet(client: httpx.AsyncClient, path: str) -> None:
    for user_id in range(1, TIMES + 1):
        body = {"user_id": user_id, "amount": 7100}
        made = (await client.post("/api/v1/wallet/", json=body)).json()
        query = {"user_id": user_id, "handshake_id": made["handshake_id"]}
        assert (await client.get(path, params=query)).json()["status"] == "active"


@pytest.mark.case("M5", "S1")
async def test_a_transfer_exists_from_its_202_on(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "1000.00"), await opened(native)
    for number in range(1, TIMES + 1):
        answer = await native.post("/v1/transfers", json=transfer(source, destination, "1.00"))
        assert answer.status_code == 202
        operation_id = answer.json()["operation_id"]
        seen = await native.get(f"/v1/transfers/{operation_id}")
        assert (seen.status_code, seen.json()["amount"]) == (200, "1.00")
        assert (await money(native, destination))[0] == f"{number}.00"


@pytest.mark.case("M5")
async def test_a_reversal_is_decided_after_its_transfer(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "1000.00"), await opened(native)

    async def there_and_back() -> None:
        answer = await native.post("/v1/transfers", json=transfer(source, destination, "1.00"))
        operation_id = answer.json()["operation_id"]
        back = await native.post(f"/v1/transfers/{operation_id}/reverse", headers=WAIT)
        assert back.status_code == 201, back.text

    await asyncio.gather(*(there_and_back() for _ in range(TIMES)))
    assert await money(native, source) == ("1000.00", "1000.00", "0.00")


@pytest.mark.case("M5")
async def test_holds_are_captured_and_released_after_they_are_made(
    native: httpx.AsyncClient,
) -> None:
    source, destination = await funded(native, "1000.00"), await opened(native)
    body = {"wallet_id": source, "amount": "2.00", "currency": "RUB"}
    capture = {"amount": "1.00", "destination_wallet_id": destination}

    async def made() -> str:
        answer = await native.post("/v1/holds", json=body)
        assert answer.status_code == 202
        operation_id: str = answer.json()["operation_id"]
        return operation_id

    async def captured() -> None:
        path = f"/v1/holds/{await made()}/capture"
        answer = await native.post(path, json=capture, headers=WAIT)
        assert answer.status_code == 201, answer.text

    async def released() -> None:
        hold_id = await made()
        assert (await native.get(f"/v1/holds/{hold_id}")).status_code == 200
        answer = await native.post(f"/v1/holds/{hold_id}/release", headers=WAIT)
        assert answer.status_code == 201, answer.text

    await asyncio.gather(*(one() for _ in range(TIMES // 2) for one in (captured, released)))
    assert (await money(native, destination))[0] == f"{TIMES // 2}.00"


@pytest.mark.case("C9", "M5")
async def test_what_takes_longer_than_a_second_is_not_unknown(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "1000.00"), await opened(native)
    await platform.stop_consumer()
    body = {"wallet_id": source, "amount": "2.00", "currency": "RUB"}
    payout = {**body, "superpay_wallet_id": "W-1"}
    bodies = {
        "transfers": transfer(source, destination, "1.00"),
        "holds": body,
        "payouts": payout,
    }
    ids = {
        path: (await native.post(f"/v1/{path}", json=json)).json()["operation_id"]
        for path, json in bodies.items()
    }
    follow_ups: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("transfers", "reverse", {}),
        ("holds", "capture", {"destination_wallet_id": destination}),
        ("holds", "release", {}),
        ("payouts", "cancel", {}),
    )
    keyed = {"Idempotency-Key": "later"}
    for path, verb, json in follow_ups:
        before = monotonic_s()
        url = f"/v1/{path}/{ids[path]}/{verb}"
        answer = await native.post(url, json=json, headers=keyed)
        assert (answer.status_code, answer.json()["code"]) == (409, "not_decided_yet")
        assert answer.json()["retryable"] is True
        assert answer.json()["operation_id"] == ids[path]
        assert 0.9 < monotonic_s() - before < 20
        unknown = await native.post(url.replace(ids[path], UNKNOWN), json=json)
        assert unknown.status_code == 404
    seen = await native.get(f"/v1/transfers/{ids['transfers']}")
    assert (seen.status_code, seen.json()["code"]) == (409, "not_decided_yet")
    balance = await native.get(f"/v1/wallets/{source}")
    assert (balance.status_code, balance.headers["Payments-Stale"]) == (200, "true")
    listed = await native.get("/v1/wallets")
    assert listed.headers["Payments-Stale"] == "true"
    standing = await native.get(f"/v1/operations/{ids['holds']}")
    assert "Payments-Stale" not in standing.headers, "it says what is accepted"
    await platform.start_consumer()
    for path, verb in (("transfers", "reverse"), ("payouts", "cancel")):
        headers = {**WAIT, "Idempotency-Key": f"later {path}".replace(" ", "-")}
        done = await native.post(f"/v1/{path}/{ids[path]}/{verb}", headers=headers)
        assert done.status_code == 201, "nothing of the 409 is kept"
    assert "Payments-Stale" not in (await native.get(f"/v1/wallets/{source}")).headers


@pytest.mark.case("M5")
async def test_a_bank_payment_is_not_unknown_either(marketplace: Marketplace) -> None:
    key = await marketplace.paid("1xf3g", "2mzp5", "2000")
    platform = marketplace.platform
    await platform.stop_consumer()
    waits = OpenWallet(currency="RUB", owner="a")
    await platform.submitter(fresh(payments.wallets.open.OPERATION, waits, actor="test"))
    for answer in (
        await marketplace.refund(key, "0" * 32),
        await marketplace.confirm("0" * 32, "000000"),
        await marketplace.call("operation", operation_key="0" * 32),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "not_decided_yet")
    seen = await marketplace.call("operation", operation_key=key)
    assert (seen.status_code, seen.headers["Payments-Stale"]) == (200, "true")
    await platform.start_consumer()
    await platform.settled()
    assert (await marketplace.refund("0" * 32)).status_code == 404
