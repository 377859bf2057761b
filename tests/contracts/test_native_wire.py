"""The native API byte by byte: what §6 of the contracts shows is what goes over the wire."""

import re

import httpx
import pytest

from tests.fixtures.platform import Platform, api_key

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WAIT = {"Prefer": "wait=30"}


@pytest.fixture
async def native(client: httpx.AsyncClient, platform: Platform) -> httpx.AsyncClient:
    """The application, with an API key that may do everything."""
    client.headers.update(await api_key(platform))
    return client


async def test_the_accepted_answer(native: httpx.AsyncClient) -> None:
    answer = await native.post("/v1/wallets", json={"currency": "RUB", "owner": "user-17"})
    assert answer.status_code == 202
    assert re.fullmatch(rf'{{"operation_id":"{UUID}","status":"accepted"}}', answer.text)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"/v1/operations/{answer.json()['operation_id']}"


async def test_the_applied_answers_have_the_fields_that_were_promised(
    native: httpx.AsyncClient,
) -> None:
    wallets = []
    for _ in range(2):
        body = {"currency": "RUB", "owner": "user-17", "metadata": {}}
        answer = (await native.post("/v1/wallets", json=body, headers=WAIT)).json()
        for field in ("wallet_id", "currency", "owner", "balance", "available", "created_at"):
            assert field in answer
        wallets.append(answer["wallet_id"])
    one, other = wallets
    base = {"amount": 10, "currency": "RUB"}
    adjustment = {"wallet_id": one, "direction": "credit", "reason": "opening", **base}
    answer = (await native.post("/v1/adjustments", json=adjustment, headers=WAIT)).json()
    assert (answer["status"], answer["balance"]) == ("applied", "10.00")
    transfer = {"source_wallet_id": one, "destination_wallet_id": other, "description": ""}
    amount = {"amount": "1.5", "currency": "RUB"}
    answer = (await native.post("/v1/transfers", json=transfer | amount, headers=WAIT)).json()
    assert (answer["source_balance"], answer["destination_balance"]) == ("8.50", "1.50")
    assert re.fullmatch(UUID, answer["transfer_id"])
    hold = {"wallet_id": one, "expires_in_s": 60, "description": "", **amount}
    answer = (await native.post("/v1/holds", json=hold, headers=WAIT)).json()
    assert (answer["available"], answer["held"]) == ("7.00", "1.50")
    path = f"/v1/holds/{answer['hold_id']}"
    capture = {"amount": 1, "destination_wallet_id": other}
    answer = (await native.post(f"{path}/capture", json=capture, headers=WAIT)).json()
    assert (answer["captured"], answer["remaining"]) == ("1.00", "0.50")
    answer = (await native.post(f"{path}/release", headers=WAIT)).json()
    assert answer["released"] == "0.50"


async def test_a_refusal_is_a_problem_document(native: httpx.AsyncClient) -> None:
    body = {"source_wallet_id": 8, "destination_wallet_id": 9, "amount": 1, "currency": "RUB"}
    answer = await native.post("/v1/transfers", json=body, headers=WAIT)
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert re.fullmatch(UUID, document.pop("operation_id"))
    assert document == {
        "type": "urn:payments:problem:wallet_not_found",
        "title": "Wallet not found",
        "status": 404,
        "detail": "There is no such wallet. Check the numbers of the wallets named.",
        "instance": "/v1/transfers",
        "code": "wallet_not_found",
        "retryable": False,
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=1.0", "limit"),
        ("limit=1e1", "limit"),
        ("limit=%2B1", "limit"),
        ("limit=0", "limit"),
        ("limits=1", "limits"),
    ],
)
async def test_a_number_in_a_query_is_plain_digits(
    native: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await native.get(f"/v1/wallets?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert "$" not in error["message"]


async def test_a_time_in_a_query_is_rfc_3339(native: httpx.AsyncClient) -> None:
    wallet = await native.post("/v1/wallets", json={"currency": "RUB"}, headers=WAIT)
    path = f"/v1/wallets/{wallet.json()['wallet_id']}"
    for given in ("1763683200", "2026-11-21", "2026-11-21T00:00:00"):
        answer = await native.get(f"{path}?at={given}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "at"), given
    answer = await native.get(f"{path}?at=2026-11-21T00:00:00+03:00")
    assert "%2B" in answer.json()["detail"]
    assert (await native.get(f"{path}?at=2026-11-21T00:00:00%2B03:00")).status_code == 200


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/v1/transfers", "POST"), ("/v1/holds", "POST"), ("/v1/wallets", "GET, HEAD, POST")],
)
async def test_options_is_not_taken_and_says_what_is(
    client: httpx.AsyncClient, native: httpx.AsyncClient, path: str, allow: str
) -> None:
    stranger = httpx.Headers({"Authorization": ""})
    for headers in (native.headers, stranger):
        answer = await client.options(path, headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)
        assert answer.json()["code"] == "method_not_allowed"


async def test_what_is_wrong_is_named(native: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    empty = (await native.post("/v1/holds", content=b" ", headers=json)).json()
    assert (empty["code"], empty["detail"]) == (
        "invalid_json",
        "the body is empty; send a JSON object",
    )
    zero = {"currency": "RUB", "metadata": {"a": ["\0"]}}
    answer = (await native.post("/v1/wallets", json=zero)).json()
    message = "text must not contain U+0000"
    assert answer["errors"] == [{"field": "metadata.a[0]", "message": message}]
    nowhere = (await native.post("/v1/wallets", json={"currency": "QQQ"})).json()
    assert nowhere["errors"][0]["field"] == "currency"
    hold = {"wallet_id": 1, "amount": 10**30, "currency": "RUB"}
    huge = (await native.post("/v1/holds", json=hold)).json()
    assert (huge["code"], huge["detail"]) == (
        "invalid_amount",
        "an amount is at most 10000000000000.00 RUB",
    )
    bulk = (await native.post("/v1/operations/bulk", json={"operations": [1]})).json()
    assert bulk["items"][0]["errors"][0]["field"] == "operations[0]"
    assert "/schema" in (await native.get("/v1/nothing")).json()["detail"]
