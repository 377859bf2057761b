"""The shop's endpoints as contracts §1 writes them: names, shapes, statuses, codes."""

import re
from typing import Any

import httpx
import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.shop import ADMIN, SETTINGS, Shop, notice


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]


async def test_from_registration_to_a_token(shop: Shop) -> None:
    http, body = shop.http, {"login": "Mary", "password": "correct horse"}
    answer = await http.post("/shop/auth/register", json=body)
    assert answer.status_code == 201
    registered = answer.json()
    assert registered == {
        "user_id": registered["user_id"],
        "login": "Mary",
        "is_active": False,
        "activation_link": registered["activation_link"],
    }
    taken = await http.post("/shop/auth/register", json={**body, "login": "mary"})
    assert problem(taken) == (409, "login_taken")
    assert problem(await http.post("/shop/auth/login", json=body)) == (403, "user_inactive")

    link = registered["activation_link"]
    assert link.startswith("https://pay.example/shop/auth/activate/")
    path = httpx.URL(link).path
    activated = await http.get(path)
    assert activated.json() == {"user_id": registered["user_id"], "is_active": True}
    assert problem(await http.get(path)) == (404, "activation_token_invalid")
    wrong = await http.get("/shop/auth/activate/wrong")
    assert problem(wrong) == (404, "activation_token_invalid")

    answer = await http.post("/shop/auth/login", json=body)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    for wrong_pair in ({**body, "password": "wrong"}, {**body, "login": "nobody"}):
        refused = await http.post("/shop/auth/login", json=wrong_pair)
        assert problem(refused) == (401, "invalid_credentials")
        assert refused.headers["www-authenticate"] == "Bearer"


async def test_buying(shop: Shop) -> None:
    user = await shop.user("mary")
    tea, teapot = await shop.product("199"), await shop.product("12.50", "Teapot")
    answer = await shop.http.get("/shop/products", headers=user.headers)
    assert answer.text == (
        '{"items":['
        f'{{"product_id":{teapot},"title":"Teapot","description":"","price":12.50,"currency":"RUB"}},'
        f'{{"product_id":{tea},"title":"Tea","description":"","price":199,"currency":"RUB"}}'
        '],"next_cursor":null}'
    )
    await shop.topped_up(user, 123456, "211.50", 1234567)
    answer = await shop.http.get("/shop/bills", headers=user.headers)
    bill = '{"bill_id":123456,"balance":211.50,"currency":"RUB"}'
    assert answer.text == f'{{"items":[{bill}],"next_cursor":null}}'

    bought = await shop.buy(user, tea, 123456)
    assert bought.status_code == 201
    assert bought.json() == {
        "operation_id": bought.json()["operation_id"],
        "status": "applied",
        "product_id": tea,
        "bill_id": 123456,
        "amount": 199,
        "balance": 12.5,
        "currency": "RUB",
        "title": "Tea",
    }
    assert problem(await shop.buy(user, tea, 123456)) == (402, "insufficient_funds")
    assert problem(await shop.buy(user, 999_999, 123456)) == (404, "product_not_found")
    assert problem(await shop.buy(user, tea, 654321)) == (404, "bill_not_found")

    answer = await shop.http.get("/shop/transactions", headers=user.headers)
    purchase, topup = answer.json()["items"]
    shown = ("transaction_id", "bill_id", "amount", "kind")
    assert [topup[name] for name in shown] == [1234567, 123456, 211.5, "topup"]
    operation_id = bought.json()["operation_id"]
    assert [purchase[name] for name in shown] == [operation_id, 123456, 199, "purchase"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", purchase["created_at"])
    await assert_invariants(shop.platform.database_url, shop.platform.redis_url)


async def test_the_providers_webhook(shop: Shop) -> None:
    user, other = await shop.user("mary"), await shop.user("john")
    body = notice("1234567", str(user.user_id), "123456", "100")
    answer = await shop.send(body)
    operation_id = answer.json()["operation_id"]
    accepted = f'{{"status":"accepted","operation_id":"{operation_id}"}}'
    assert (answer.status_code, answer.text) == (200, accepted)
    assert await shop.decided(operation_id) == "applied"
    again = await shop.send(notice("1234567", str(user.user_id), "123456", "100.00"))
    assert (again.status_code, again.text) == (200, accepted)

    changed = notice("1234567", str(user.user_id), "123456", "101")
    assert problem(await shop.send(changed)) == (409, "transaction_conflict")
    unknown_too = notice("1234567", "99999", "123456", "100")
    assert problem(await shop.send(unknown_too)) == (409, "transaction_conflict")
    forged = notice("7", str(user.user_id), "123456", "100", key="another key")
    assert problem(await shop.send(forged)) == (403, "bad_signature")
    nobody = notice("8", "99999", "123456", "100")
    assert problem(await shop.send(nobody)) == (404, "user_not_found")
    not_his = notice("9", str(other.user_id), "123456", "100")
    assert problem(await shop.send(not_his)) == (409, "bill_owner_mismatch")
    assert await shop.balances(user) == {123456: 100}

    answer = await shop.http.get("/shop/admin/turned-away-webhooks", headers=await shop.admin())
    kinds = [(w["kind"], w["transaction_id"]) for w in answer.json()["items"]]
    assert kinds == [
        ("bill_owner_mismatch", 9),
        ("user_not_found", 8),
        ("bad_signature", 7),
        ("transaction_conflict", 1234567),
        ("transaction_conflict", 1234567),
    ]


NO_TOPUPS = [
    (('"1"', "1", "1", "1"), 422, "invalid_body"),
    (("1.0", "1", "1", "1"), 422, "invalid_body"),
    (("1", "1e0", "1", "1"), 422, "invalid_body"),
    (("1", "-1", "1", "1"), 422, "invalid_body"),
    (("1", "1", "0", "1"), 422, "invalid_body"),
    (("1", "1", "12345678901234567", "1"), 422, "invalid_body"),
    (("1", "1", "true", "1"), 422, "invalid_body"),
    (("1", "1", "[1]", "1"), 422, "invalid_body"),
    (("1", "1", "1", "0"), 422, "invalid_amount"),
    (("1", "1", "1", "-5"), 422, "invalid_amount"),
    (("1", "1", "1", "1e3"), 422, "invalid_amount"),
    (("1", "1", "1", "1.001"), 422, "invalid_amount"),
    (("1", "1", "1", "null"), 422, "invalid_amount"),
    (("1", "1", "1", "10000000000000000"), 422, "invalid_amount"),
    (("01", "1", "1", "1"), 400, "invalid_json"),
    (("1", "NaN", "1", "1"), 400, "invalid_json"),
]
"""Values of a body, and what they are told."""


async def test_what_is_no_top_up(shop: Shop) -> None:
    for values, status, code in NO_TOPUPS:
        assert problem(await shop.send(notice(*values))) == (status, code), values
    assert await shop.platform.value("SELECT count(*) FROM turned_away_webhooks") == 0


async def test_each_value_is_signed_as_it_is_written(shop: Shop) -> None:
    user = await shop.user("mary")
    for number, amount in enumerate(("100", "100.0", "100.00", '"100"', '"0.5"'), 1):
        body = notice(str(number), str(user.user_id), "5", amount)
        assert (await shop.send(body)).status_code == 200
        other = body.replace(b":" + amount.encode() + b"}", b":99}")
        assert problem(await shop.send(other)) == (403, "bad_signature")
    upper = notice("6", str(user.user_id), "5", "1").decode()
    signature = upper[14:54]
    assert (await shop.send(upper.replace(signature, signature.upper()).encode())).is_success


async def test_the_administrator(shop: Shop) -> None:
    http, user, admin = shop.http, await shop.user("mary"), await shop.admin()
    await shop.topped_up(user, 5, "10", 1)
    answer = await http.get("/shop/admin/users", headers=admin)
    mary = next(u for u in answer.json()["items"] if u["login"] == "mary")
    assert mary == {
        "user_id": user.user_id,
        "login": "mary",
        "is_active": True,
        "is_admin": False,
        "created_at": mary["created_at"],
        "bills": [{"bill_id": 5, "balance": 10, "currency": "RUB"}],
        "has_more_bills": False,
    }
    path = f"/shop/admin/users/{user.user_id}"
    answer = await http.patch(path, json={"is_active": False}, headers=admin)
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    refused = await http.get("/shop/bills", headers=user.headers)
    assert problem(refused) == (401, "not_authenticated")
    assert refused.headers["www-authenticate"] == "Bearer"
    body = {"login": "mary", "password": "password of mary"}
    assert problem(await http.post("/shop/auth/login", json=body)) == (403, "user_inactive")
    assert (await http.patch(path, json={"is_active": True}, headers=admin)).is_success
    assert problem(await http.get("/shop/bills", headers=user.headers))[0] == 401
    renewed = await shop.login(**body)
    assert (await http.get("/shop/bills", headers=renewed)).is_success
    unknown = await http.patch("/shop/admin/users/999999", json={"is_active": True}, headers=admin)
    assert problem(unknown) == (404, "user_not_found")


async def test_the_administrators_products(shop: Shop) -> None:
    http, admin = shop.http, await shop.admin()
    body = {"title": "Tea", "description": "black", "price": "199.90", "currency": "rub"}
    made = await http.post("/shop/admin/products", json=body, headers=admin)
    product_id = made.json()["product_id"]
    shown = (
        f'{{"product_id":{product_id},"title":"Tea","description":"black","price":199.90,'
        '"currency":"RUB","version":1}'
    )
    assert (made.status_code, made.text, made.headers["etag"]) == (201, shown, '"1"')
    path = f"/shop/admin/products/{product_id}"
    stale = {**admin, "If-Match": '"7"'}
    assert problem(await http.patch(path, json={"title": "x"}, headers=stale))[0] == 412
    changed = await http.patch(
        path, json={"price": 5}, headers={**admin, "If-Match": made.headers["etag"]}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["price"], changed.json()["title"]) == (5, "Tea")
    replaced = await http.put(path, json={"title": "Mate", "price": 7}, headers=admin)
    assert replaced.json() == {
        "product_id": product_id,
        "title": "Mate",
        "description": "",
        "price": 7,
        "currency": "RUB",
        "version": 3,
    }
    for wrong in ({"price": 0}, {"price": "1.234"}, {"price": None}):
        refused = await http.put(path, json={"title": "Mate", **wrong}, headers=admin)
        assert problem(refused) == (422, "invalid_amount")
    lonely = await http.patch(path, json={"currency": "USD"}, headers=admin)
    assert problem(lonely) == (422, "invalid_body")
    listed = await http.get("/shop/admin/products", headers=admin)
    assert [p["product_id"] for p in listed.json()["items"]] == [product_id]

    gone = await http.delete(path, headers=admin)
    assert (gone.status_code, gone.content) == (204, b"")
    for again in (http.delete(path, headers=admin), http.get(path, headers=admin)):
        assert problem(await again) == (404, "product_not_found")
    listed = await http.get("/shop/admin/products", headers=admin)
    assert listed.json()["items"] == []


async def test_an_administrator_cannot_shut_itself_out(shop: Shop) -> None:
    admin = await shop.admin()
    users = (await shop.http.get("/shop/admin/users", headers=admin)).json()["items"]
    own = next(u["user_id"] for u in users if u["login"] == ADMIN["login"])
    refused = await shop.http.patch(
        f"/shop/admin/users/{own}", json={"is_active": False}, headers=admin
    )
    assert problem(refused) == (409, "cannot_disable_self")
