"""One line for what is worth it, and never a secret in it."""

import io
import json
from collections.abc import Iterator
from typing import Any, cast

import httpx
import pytest
import structlog

from payments.entrypoints.logging import ALLOWED, only_allowed
from payments.http.access_log import AccessLog, AccessPolicy
from tests.unit.http_app import Api

BODY = {"source_wallet_id": 1, "destination_wallet_id": 2, "amount": "1", "currency": "RUB"}


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    with structlog.testing.capture_logs() as captured:
        yield cast("list[dict[str, Any]]", captured)


def client(policy: AccessPolicy) -> httpx.AsyncClient:
    app: Any = AccessLog(cast("Any", Api().app), policy)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": "Bearer all"}
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


async def test_good_and_quick_requests_are_silent(lines: list[dict[str, Any]]) -> None:
    async with client(AccessPolicy()) as http:
        await http.post("/v1/transfers", json=BODY)
    assert lines == []


async def test_errors_have_a_line_without_what_was_sent(lines: list[dict[str, Any]]) -> None:
    async with client(AccessPolicy()) as http:
        await http.post("/v1/transfers?secret=1", json={**BODY, "amount": "hunter2"})
        await http.get("/v1/wallets/1", headers={"Authorization": "Bearer hunter2"})
    assert [(line["status"], line["route"]) for line in lines] == [
        (422, "/v1/transfers"),
        (401, "/v1/wallets/{wallet_id}"),
    ]
    assert lines[0]["actor"] == "key:all"
    assert "hunter2" not in json.dumps(lines)
    assert "secret" not in json.dumps(lines)
    assert set(lines[0]) - {"log_level"} <= ALLOWED


async def test_slow_ones_and_all_of_them(lines: list[dict[str, Any]]) -> None:
    for policy in (AccessPolicy(slow_s=0), AccessPolicy(is_everything=True)):
        async with client(policy) as http:
            answer = await http.post("/v1/transfers", json=BODY, headers={"X-Request-Id": "abc-1"})
            assert answer.headers["X-Request-Id"] == "abc-1"
            assert lines[-1]["operation_id"] == answer.json()["operation_id"]
    assert [line["request_id"] for line in lines] == ["abc-1", "abc-1"]


async def test_an_odd_request_id_is_not_taken(lines: list[dict[str, Any]]) -> None:
    answered = []
    async with client(AccessPolicy(is_everything=True)) as http:
        for given in ("a b", "x" * 65, '"}'):
            answer = await http.get("/health/live", headers={"X-Request-Id": given})
            answered.append(answer.headers["X-Request-Id"])
    assert [line["request_id"] for line in lines] == answered
    assert len({line["request_id"] for line in lines}) == 3
    assert all("-" in line["request_id"] for line in lines)


async def test_an_internal_error_can_be_found_by_its_request(lines: list[dict[str, Any]]) -> None:
    api = Api()
    api.door.closed = cast("Any", ValueError("inside"))
    app: Any = AccessLog(cast("Any", api.app), AccessPolicy())
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        http.headers["Authorization"] = "Bearer all"
        answer = await http.post("/v1/transfers", json=BODY)
    assert answer.status_code == 500
    ids = {line["request_id"] for line in lines}
    assert ids == {answer.json()["request_id"]}


def test_only_allowed_fields_leave() -> None:
    line = only_allowed(None, "info", {"event": "e", "password": "hunter2", "status": 200})
    assert line == {"event": "e", "status": 200, "dropped": ["password"]}
    assert len(cast("str", only_allowed(None, "info", {"error": "x" * 9999})["error"])) < 9999


def test_a_line_is_json() -> None:
    out = io.StringIO()
    log = structlog.wrap_logger(
        structlog.PrintLogger(out), processors=[only_allowed, structlog.processors.JSONRenderer()]
    )
    log.info("hello", status=1, token="hunter2")
    assert json.loads(out.getvalue()) == {"event": "hello", "status": 1, "dropped": ["token"]}
