"""HEAD is answered wherever GET is: the same status and headers, and no body."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any, Final

import httpx
import pytest

from payments.entrypoints.api import create_app
from payments.http.auth import declared_routes
from payments.http.hot import methods_of
from payments.http.openapi import declared
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.shop import SETTINGS
from tests.fixtures.wire import served

CHANGING: Final = {"/metrics", "/health/ready"}
"""Their length differs from request to request."""


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return dict(SETTINGS)


@pytest.fixture
async def http(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """Over a real socket, with a key that may everything."""
    async with (
        served(platform.settings) as ports,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports[0]}",
            headers={**await api_key(platform, "*"), "X-Request-Id": "one-for-all"},
            timeout=60,
            trust_env=False,
        ) as http,
    ):
        yield http


async def head_of(http: httpx.AsyncClient, path: str, accept: str = "*/*") -> httpx.Response:
    """The answer to HEAD. The connection takes another request after it, so no body followed."""
    answer = await http.head(path, headers={"Accept": accept})
    assert answer.content == b""
    assert (await http.get("/health/live")).json() == {"status": "live"}
    return answer


async def test_every_get_has_its_head(http: httpx.AsyncClient, platform: Platform) -> None:
    seen = 0
    for path, handler in declared_routes(create_app(platform.settings)):
        if methods_of(handler) != ["GET"] or not declared(handler).is_safe:
            continue
        where = re.sub(r"\{\w+:\w+\}", "1", path)
        got, answer = await http.get(where), await head_of(http, where)
        left_out = {"content-length"} if path in CHANGING else set()
        assert answer.status_code == got.status_code, path
        expected = {n: v for n, v in got.headers.items() if n not in left_out}
        assert {n: v for n, v in answer.headers.items() if n not in left_out} == expected, path
        seen += 1
    assert seen > 90


async def test_what_people_and_balancers_ask(http: httpx.AsyncClient) -> None:
    made = await http.post(
        "/v1/wallets", json={"currency": "RUB", "owner": "u"}, headers={"Prefer": "wait=30"}
    )
    wallet = f"/v1/wallets/{made.json()['wallet_id']}"
    for path in ("/health/live", "/schema", "/schema/openapi.json", "/v1/wallets", wallet):
        got, answer = await http.get(path), await head_of(http, path)
        assert (got.status_code, answer.status_code) == (200, 200), path
        assert int(answer.headers["content-length"]) == len(got.content), path
    page = await head_of(http, "/console/login")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "content-security-policy" in page.headers


async def test_a_problem_keeps_its_headers(http: httpx.AsyncClient) -> None:
    for path, status in (("/v1/wallets/777", 404), ("/v1/wallets?limit=0", 422), ("/no", 404)):
        got, answer = await http.get(path), await head_of(http, path)
        assert answer.status_code == got.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert int(answer.headers["content-length"]) == len(got.content)


async def test_a_stranger_is_turned_away(http: httpx.AsyncClient) -> None:
    answer = await http.head("/v1/wallets", headers={"Authorization": "Bearer x"})
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_where_there_is_no_get_there_is_no_head(http: httpx.AsyncClient) -> None:
    for path, allow in (("/v1/transfers", "POST"), ("/v1/superpay/pause", "POST")):
        answer = await head_of(http, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow), path
    refused = await http.delete("/v1/wallets")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_a_stream_is_not_begun(http: httpx.AsyncClient) -> None:
    csv, stream = "text/csv", "text/event-stream"
    for path, media_type in (("/v1/wallets", csv), ("/v1/events", csv), ("/v1/events", stream)):
        async with asyncio.timeout(5):
            answer = await head_of(http, path, media_type)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["cache-control"] == "no-store"


async def test_an_activation_link_is_not_used_up(http: httpx.AsyncClient) -> None:
    made = await http.post("/shop/auth/register", json={"login": "mary", "password": "long enough"})
    path = httpx.URL(made.json()["activation_link"]).path
    answer = await head_of(http, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert (await http.get(path)).json()["is_active"] is True


async def test_the_log_and_the_metrics_say_head_and_the_route(http: httpx.AsyncClient) -> None:
    await head_of(http, "/v1/wallets/777")
    text = (await http.get("/metrics")).text
    counted = [line for line in text.splitlines() if 'method="HEAD"' in line]
    assert any('route="/v1/wallets/{wallet_id}",status="404"' in line for line in counted)
