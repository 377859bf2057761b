"""The native API byte by byte: what §6 of the contracts shows is what goes over the wire."""

import re

import httpx
import pytest

from tests.fixtures.platform import Platform, api_key

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
WAIT = {"Prefer": "wait=10"}


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
        "detail": "refused: wallet not found",
        "instance": "/v1/transfers",
        "code": "wallet_not_found",
        "retryable": False,
    }
