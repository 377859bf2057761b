"""Purchases: never below zero, once for a key, at the price of the moment, a stable history."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from payments.http.lists import encode_cursor
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually
from tests.fixtures.shop import SETTINGS, Shop, notice


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return SETTINGS


async def test_of_two_hundred_at_once_as_many_as_the_bill_affords(shop: Shop) -> None:
    user = await shop.user("mary")
    product_id = await shop.product("2.70")
    await shop.topped_up(user, 5, "102.59", 1)  # 37 times 2.70 = 99.90; 2.69 stay
    answers = await asyncio.gather(*(shop.buy(user, product_id, 5) for _ in range(200)))
    assert Counter(a.status_code for a in answers) == {201: 37, 402: 163}
    assert await shop.balances(user) == {5: 2.69}
    left = sorted(a.json()["balance"] for a in answers if a.status_code == 201)
    assert (left[0], left[-1], len(set(left))) == (2.69, 99.89, 37)
    await assert_invariants(shop.platform.database_url, shop.platform.redis_url)


async def test_a_key_buys_once(shop: Shop) -> None:
    user = await shop.user("mary")
    tea, pot = await shop.product("10"), await shop.product("20")
    await shop.topped_up(user, 5, "100", 1)
    key = {"Idempotency-Key": "the-first"}
    answers = await asyncio.gather(*(shop.buy(user, tea, 5, **key) for _ in range(10)))
    assert {(a.status_code, a.text) for a in answers} == {(201, answers[0].text)}
    replayed = await shop.buy(user, tea, 5, **key)
    assert replayed.headers["idempotency-replayed"] == "true"
    other = await shop.buy(user, pot, 5, **key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert await shop.balances(user) == {5: 90}
    # Another user's same key is another key.
    john = await shop.user("john")
    assert (await shop.buy(john, tea, 5, **key)).status_code == 404


async def test_the_price_is_the_one_when_it_is_applied(shop: Shop) -> None:
    user = await shop.user("mary")
    product_id = await shop.product("10")
    await shop.topped_up(user, 5, "100", 1)
    await shop.platform.stop_consumer()
    buying = asyncio.create_task(shop.buy(user, product_id, 5))
    await _in_the_stream(shop)
    path = f"/shop/admin/products/{product_id}"
    changed = await shop.http.patch(path, json={"price": 30}, headers=await shop.admin())
    assert changed.status_code == 200
    await shop.platform.start_consumer()
    assert (await buying).json()["amount"] == 30
    assert await shop.balances(user) == {5: 70}


async def test_a_deleted_product_cannot_be_bought_and_stays_in_the_history(shop: Shop) -> None:
    user = await shop.user("mary")
    product_id = await shop.product("10", "The last samovar")
    await shop.topped_up(user, 5, "100", 1)
    assert (await shop.buy(user, product_id, 5)).status_code == 201
    path = f"/shop/admin/products/{product_id}"
    assert (await shop.http.delete(path, headers=await shop.admin())).status_code == 204
    refused = await shop.buy(user, product_id, 5)
    assert (refused.status_code, refused.json()["code"]) == (404, "product_not_found")
    history = await shop.http.get("/shop/transactions", headers=user.headers)
    assert history.json()["items"][0]["title"] == "The last samovar"


async def test_another_currency_is_refused(shop: Shop) -> None:
    user = await shop.user("mary")
    await shop.topped_up(user, 5, "100", 1)
    body = {"title": "Imported", "price": 1, "currency": "USD"}
    made = await shop.http.post("/shop/admin/products", json=body, headers=await shop.admin())
    refused = await shop.buy(user, made.json()["product_id"], 5)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_mismatch")
    where = refused.headers["location"]
    found = await shop.http.get(where, headers=user.headers)
    assert (found.json()["status"], found.json()["reason"]) == ("rejected", "currency_mismatch")


async def test_waiting_ends_with_the_operation_to_ask_for(shop: Shop) -> None:
    user, other = await shop.user("mary"), await shop.user("john")
    product_id = await shop.product("10")
    await shop.topped_up(user, 5, "100", 1)
    await shop.platform.stop_consumer()
    accepted = await shop.buy(user, product_id, 5, Prefer="wait=1")
    assert (accepted.status_code, accepted.json()["status"]) == (202, "accepted")
    await shop.platform.start_consumer()
    where = accepted.headers["location"]
    found = await shop.http.get(f"{where}?wait=30", headers=user.headers)
    assert found.json()["status"] == "applied"
    assert (await shop.http.get(where, headers=other.headers)).status_code == 404


async def test_pages_of_the_history_stay_in_order_while_it_grows(shop: Shop) -> None:
    user = await shop.user("mary")
    for number in range(1, 8):
        await shop.topped_up(user, 5 + number % 2, "1", number)
    seen: list[int] = []
    cursor, fresh = "", 100
    while True:
        path = f"/shop/transactions?limit=3{cursor}"
        page = (await shop.http.get(path, headers=user.headers)).json()
        seen += [t["transaction_id"] for t in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor, fresh = f"&cursor={page['next_cursor']}", fresh + 1
        await shop.topped_up(user, 5, "1", fresh)
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    only = await shop.http.get("/shop/transactions?bill_id=6", headers=user.headers)
    assert [t["transaction_id"] for t in only.json()["items"]] == [7, 5, 3, 1]
    first = (await shop.http.get("/shop/bills?limit=1", headers=user.headers)).json()
    second = await shop.http.get(
        f"/shop/bills?limit=1&cursor={first['next_cursor']}", headers=user.headers
    )
    for absurd in (10**30, [10**30, 1], [1, 10**30], "x", [0]):
        cursor = encode_cursor(absurd)
        for path in ("/shop/bills", "/shop/transactions", "/shop/products"):
            answer = await shop.http.get(f"{path}?cursor={cursor}", headers=user.headers)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
    far = encode_cursor([2**63 - 1, 5])
    answer = await shop.http.get(f"/shop/bills?cursor={far}", headers=user.headers)
    assert answer.status_code == 200
    bills = [b["bill_id"] for b in first["items"] + second.json()["items"]]
    assert (bills, second.json()["next_cursor"]) == ([5, 6], None)


async def test_a_top_up_before_a_purchase_counts_for_it(shop: Shop) -> None:
    """One bill's operations are applied in the order they were accepted."""
    user = await shop.user("mary")
    product_id = await shop.product("10")
    sent = await shop.send(notice("1", str(user.user_id), "5", "10"))
    assert sent.status_code == 200
    assert (await shop.buy(user, product_id, 5)).status_code == 201


async def _in_the_stream(shop: Shop) -> None:
    """Until something waits to be applied."""
    names = [f"pay:{{p{p:02d}}}:intents" for p in range(shop.platform.settings.partitions)]

    async def is_waiting() -> bool:
        return sum([await shop.platform.redis.xlen(name) for name in names]) > 0

    await eventually(is_waiting)
