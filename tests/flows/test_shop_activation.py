"""Passwords have a minimum, and who lost an activation link can ask for another."""

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.fixtures.shop import SETTINGS, Shop

LINK = "/shop/auth/activation-link"
MARY: Mapping[str, str] = {"login": "mary", "password": "8 chars!"}


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {**SETTINGS, "shop_logins": 8}


async def problem(shop: Shop, path: str, body: Mapping[str, str]) -> tuple[int, str]:
    """Status and code of a refusal."""
    answer = await shop.http.post(path, json=body)
    return answer.status_code, answer.json()["code"]


@pytest.mark.case("S8")
async def test_a_password_has_eight_characters(shop: Shop) -> None:
    for short in ("", "x", "7 chars"):
        body = {"login": "mary", "password": short}
        answer = await shop.http.post("/shop/auth/register", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")
        (error,) = answer.json()["errors"]
        assert (error["field"], "8" in error["message"]) == ("password", True)
    assert (await shop.http.post("/shop/auth/register", json=MARY)).status_code == 201
    document = (await shop.http.get("/schema/openapi.json")).json()
    schema = document["components"]["schemas"]["NewCredentialsBody"]
    assert schema["properties"]["password"]["minLength"] == 8


@pytest.mark.case("S8")
async def test_a_lost_link_is_asked_for_again(shop: Shop) -> None:
    made = (await shop.http.post("/shop/auth/register", json=MARY)).json()
    again = await shop.http.post(LINK, json=MARY)
    assert again.status_code == 201
    assert {**again.json(), "activation_link": made["activation_link"]} == made
    lost = await shop.http.get(httpx.URL(made["activation_link"]).path)
    assert lost.status_code == 404, "one link is live at a time"
    unknown = await shop.http.post(LINK, json={**MARY, "login": "nobody"})
    wrong = await shop.http.post(LINK, json={**MARY, "password": "another one"})
    assert unknown.status_code == wrong.status_code == 401
    assert unknown.content == wrong.content
    opened = await shop.http.get(httpx.URL(again.json()["activation_link"]).path)
    assert opened.json() == {"user_id": made["user_id"], "is_active": True}
    assert await problem(shop, LINK, MARY) == (409, "user_active")
    path = f"/shop/admin/users/{made['user_id']}"
    shut = await shop.http.patch(path, json={"is_active": False}, headers=await shop.admin())
    assert shut.status_code == 200
    assert await problem(shop, LINK, MARY) == (403, "user_inactive")


@pytest.mark.case("S8")
async def test_asking_for_links_is_limited_as_logging_in_is(shop: Shop) -> None:
    answers = [await shop.http.post(LINK, json={**MARY, "login": "nobody"}) for _ in range(17)]
    statuses = [a.status_code for a in answers]
    assert set(statuses) == {401, 429}, "two windows of a minute at most"
    refused = next(a for a in answers if a.status_code == 429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
