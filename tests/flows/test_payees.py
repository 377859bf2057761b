"""Payees: saved SuperPay wallets, checked with SuperPay when saved, named by payouts."""

from typing import Any

import httpx

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import api_key
from tests.fixtures.superpay import SuperPay

BODY = {"owner": "u", "superpay_wallet_id": "W-1001-RUB", "currency": "rub", "name": "mine"}


async def saved(superpay: SuperPay, status: int = 201, **changes: Any) -> dict[str, Any]:
    answer = await superpay.http.post("/v1/payees", json={**BODY, **changes})
    assert answer.status_code == status, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def paid_to(superpay: SuperPay, payee: str, **changes: Any) -> httpx.Response:
    body = {"wallet_id": await superpay.wallet(), "payee_id": payee, "amount": "10"}
    return await superpay.post("/v1/payouts", {**body, "currency": "RUB", **changes})


async def test_a_payout_names_the_payee_and_reaches_its_wallet(superpay: SuperPay) -> None:
    payee = await saved(superpay)
    assert (payee["status"], payee["currency"]) == ("confirmed", "RUB")
    assert payee["checked_at"] is not None
    assert await superpay.get(f"/v1/payees/{payee['payee_id']}") == payee
    held = await paid_to(superpay, payee["payee_id"])
    assert held.status_code == 201, held.text
    assert held.json()["superpay_wallet_id"] == "W-1001-RUB"
    shown = await superpay.reaches("payouts", held.json()["payout_id"], "paid")
    assert (shown["payee_id"], shown["superpay_wallet_id"]) == (payee["payee_id"], "W-1001-RUB")
    totals = await superpay.admin("GET", "totals")
    assert [one["wallet_id"] for one in totals["movements"]] == ["W-1001-RUB"]
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def test_superpay_is_asked_before_a_wallet_is_saved(superpay: SuperPay) -> None:
    for wallet, status, code in (
        ("W-UNKNOWN", 422, "payee_wallet_not_found"),
        ("W-BLOCKED", 409, "payee_wallet_blocked"),
        ("W-7-USD", 409, "payee_currency_mismatch"),
    ):
        refused = await saved(superpay, status, superpay_wallet_id=wallet)
        assert refused["code"] == code
    assert (await superpay.get("/v1/payees"))["items"] == []
    # a wallet of the sandbox that takes every currency: nothing is confirmed
    open_ = await saved(superpay, superpay_wallet_id=1001)
    assert (open_["status"], open_["checked_at"]) == ("unconfirmed", None)


async def test_the_same_wallet_is_saved_once_and_has_one_currency(superpay: SuperPay) -> None:
    first = await saved(superpay, superpay_wallet_id="W-1")
    assert await saved(superpay, 200, superpay_wallet_id="W-1") == first
    other = await saved(superpay, 409, superpay_wallet_id="W-1", currency="USD")
    assert other["code"] == "payee_currency_mismatch"
    second = await saved(superpay, owner="v", superpay_wallet_id="W-1")
    listed = await superpay.get("/v1/payees")
    assert [one["payee_id"] for one in listed["items"]] == [second["payee_id"], first["payee_id"]]
    assert (await superpay.get("/v1/payees?owner=u"))["items"] == [first]


async def test_a_payee_that_does_not_fit_holds_nothing(superpay: SuperPay) -> None:
    stranger = await saved(superpay, owner="v")
    refused = await paid_to(superpay, stranger["payee_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "payee_owner_mismatch")
    dollars = await saved(superpay, superpay_wallet_id="W-7-USD", currency="USD")
    refused = await paid_to(superpay, dollars["payee_id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "payee_currency_mismatch")
    gone = await saved(superpay)
    deleted = await superpay.http.delete(f"/v1/payees/{gone['payee_id']}")
    assert (deleted.status_code, deleted.content) == (204, b"")
    refused = await paid_to(superpay, gone["payee_id"])
    assert (refused.status_code, refused.json()["code"]) == (404, "payee_not_found")
    again = await saved(superpay)
    assert again["payee_id"] != gone["payee_id"]
    both = await paid_to(superpay, again["payee_id"], superpay_wallet_id="W-1")
    assert (both.status_code, both.json()["code"]) == (422, "invalid_body")
    for wallet in (await superpay.get("/v1/wallets"))["items"]:
        assert (wallet["balance"], wallet["held"]) == ("1000.00", "0.00")


async def test_a_client_sees_its_own_payees_only(superpay: SuperPay) -> None:
    payee = await saved(superpay)
    headers = await api_key(superpay.platform, "payouts:write", "wallets:read", client="other")
    path = f"/v1/payees/{payee['payee_id']}"
    assert (await superpay.http.get("/v1/payees", headers=headers)).json()["items"] == []
    for method in ("GET", "DELETE"):
        answer = await superpay.http.request(method, path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "payee_not_found")
    wallet = await superpay.wallet()
    body = {"wallet_id": wallet, "payee_id": payee["payee_id"], "amount": "1", "currency": "RUB"}
    refused = await superpay.post("/v1/payouts", body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (404, "payee_not_found")


async def test_what_is_no_payee_is_said_in_words(superpay: SuperPay) -> None:
    for changes, status, code in (
        ({"currency": "XXZ"}, 422, "invalid_currency"),
        ({"superpay_wallet_id": "a/../b"}, 422, "invalid_body"),
        ({"owner": ""}, 422, "invalid_body"),
        ({"user_id": 404}, 422, "user_not_found"),
        ({"iban": "x"}, 422, "invalid_body"),
    ):
        refused = await saved(superpay, status, **changes)
        assert refused["code"] == code, changes
    missing = await superpay.http.get("/v1/payees/17")
    assert (missing.status_code, missing.json()["code"]) == (404, "payee_not_found")
    assert (await superpay.get("/v1/payees"))["items"] == []
