"""One thing has one name: every id in a path, a query or a cursor is read by one strict reader."""

import base64
from typing import Any

import httpx
import pytest

from tests.fixtures.shop import SETTINGS, Shop
from tests.flows.native import opened

NUMBERS = ("%D9%A1", "+1", "%2B1", "01", "%201", "1%20", "1%0A", "1.0", "1e0", "-1", "0", "1_0")
LARGE = ("9" * 16, "9" * 400)
UUIDS = (
    "019aa1b2000070008000000000000001",
    "%7B019aa1b2-0000-7000-8000-000000000001%7D",
    "urn:uuid:019aa1b2-0000-7000-8000-000000000001",
    "019aa1b2-0000-7000-8000-00000000000_",
    "019aa1b2-0000-7000-8000-00000000000%D9%A1",
    "019aa1b2-0000-7000-8000-000000000001%20",
)


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


@pytest.mark.case("M11")
@pytest.mark.parametrize("odd", [*NUMBERS, *LARGE])
async def test_a_number_in_a_path_is_written_in_one_way(
    native: httpx.AsyncClient, odd: str
) -> None:
    assert await opened(native) == 1
    assert (await native.get("/v1/wallets/1")).status_code == 200
    for method, path in (
        ("GET", f"/v1/wallets/{odd}"),
        ("GET", f"/v1/wallets/{odd}/entries"),
        ("POST", f"/v1/wallets/{odd}/freeze"),
        ("POST", f"/v1/wallets/{odd}/unfreeze"),
    ):
        answer = await native.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "wallet_not_found"), path
    assert (await native.get("/v1/wallets/1")).json()["status"] == "active"


@pytest.mark.case("M11")
async def test_numbers_in_paths_of_the_shop(shop: Shop) -> None:
    user, product = await shop.user("mary"), await shop.product("1")
    admin = await shop.admin()
    for odd in NUMBERS:
        bought = await shop.http.post(
            f"/shop/products/{odd}/purchase", json={"bill_id": 1}, headers=user.headers
        )
        assert (bought.status_code, bought.json()["code"]) == (404, "product_not_found")
        for path, code in (
            (f"/shop/admin/products/{odd}", "product_not_found"),
            (f"/shop/admin/users/{odd}", "user_not_found"),
            (f"/shop/admin/users/{odd}/bills", "user_not_found"),
        ):
            answer = await shop.http.get(path, headers=admin)
            assert (answer.status_code, answer.json()["code"]) == (404, code), path
    shown = await shop.http.get(f"/shop/admin/products/{product}", headers=admin)
    assert shown.status_code == 200


@pytest.mark.case("M11")
async def test_uuids_in_paths(native: httpx.AsyncClient) -> None:
    for noun in ("operation", "transfer", "hold", "payout", "deposit"):
        for odd in UUIDS:
            answer = await native.get(f"/v1/{noun}s/{odd}")
            assert (answer.status_code, answer.json()["code"]) == (404, f"{noun}_not_found"), odd


@pytest.mark.case("M11")
@pytest.mark.parametrize("odd", ["%D9%A1", "%2B1", "01", "%201", "1.0", "1e0"])
async def test_numbers_in_queries(native: httpx.AsyncClient, odd: str) -> None:
    for path in (
        f"/v1/payouts?wallet_id={odd}",
        f"/v1/deposits?merchant_id={odd}",
        f"/v1/wallets?limit={odd}",
        f"/api/v1/wallet?wallet_id={odd}",
        f"/api/v1/transaction?user_id={odd}&transaction_id=1",
    ):
        answer = await native.get(path)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query"), path


@pytest.mark.case("M11")
@pytest.mark.parametrize("key", [" 2", "2 ", "2.0", "true", "[2]", '"2"', "-0"])
async def test_a_cursor_is_one_that_a_list_gave(native: httpx.AsyncClient, key: str) -> None:
    cursor = base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()
    answer = await native.get("/v1/wallets", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


@pytest.mark.case("M11")
@pytest.mark.parametrize(
    "path", ["/v1/wallets/1%2F", "/v1/wallets/1%2fentries", "/v1%2Fwallets/1", "/v1/wallets%2F1"]
)
async def test_an_encoded_slash_is_no_separator(native: httpx.AsyncClient, path: str) -> None:
    assert await opened(native) == 1
    answer = await native.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    frozen = await native.post("/v1/wallets/1%2Ffreeze")
    assert frozen.status_code == 404
    assert (await native.get("/v1/wallets/1")).json()["status"] == "active"


@pytest.mark.case("M11")
@pytest.mark.parametrize(
    "time",
    ["9999-12-31T23:59:59.999999-12:00", "0001-01-01T00:00:00+14:00", "2026-11-20T12:00:00"],
)
async def test_a_time_in_a_cursor_has_a_zone_and_bounds(
    native: httpx.AsyncClient, time: str
) -> None:
    key = f'["{time}","019aa1b2-0000-7000-8000-000000000001"]'
    cursor = base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()
    for path in ("/v1/payouts", "/v1/deposits", "/v1/reconciliation/breaks"):
        answer = await native.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), path


@pytest.mark.case("M10")
@pytest.mark.parametrize(
    "time", ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "2026-11-20T12:00:00", "1763640000"]
)
async def test_a_time_in_a_query_has_a_zone_and_bounds(
    native: httpx.AsyncClient, time: str
) -> None:
    await opened(native)
    for path, name in (("/v1/wallets/1", "at"), ("/v1/payouts", "created_from")):
        answer = await native.get(path, params={name: time})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, name), path


async def test_a_query_string_is_utf_8(native: httpx.AsyncClient) -> None:
    for odd in ("%FF", "%ED%A0%80"):
        answer = await native.get(f"/v1/wallets?owner={odd}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


@pytest.mark.case("M11")
@pytest.mark.parametrize(
    "path",
    [
        "/v1/accounts/%00",
        "/api/organizations/%00/balance",
        "/shop/auth/activate/%00",
        "/schema/assets/%00",
        "/v1/wallets/1%00",
    ],
)
async def test_a_nul_in_a_path_is_not_found(native: httpx.AsyncClient, path: str) -> None:
    assert (await native.get(path)).status_code == 404
