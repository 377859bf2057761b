"""`GET /v1/operations?idempotency_key=`: for a caller that lost the response."""

import httpx

from tests.fixtures.platform import Platform, api_key, eventually
from tests.flows.native import WAIT, funded, opened, transfer

PATH = "/v1/operations"


async def test_a_key_leads_to_its_operation_and_only_for_its_client(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    key = {"idempotency_key": "a/b?c"}
    nothing = await native.get(PATH, params=key)
    assert (nothing.status_code, nothing.json()) == (200, {"items": [], "next_cursor": None})
    headers = {**WAIT, "Idempotency-Key": "a/b?c"}
    body = transfer(source, destination, "1.00")
    moved = (await native.post("/v1/transfers", json=body, headers=headers)).json()
    (item,) = (await native.get(PATH, params=key)).json()["items"]
    by_id = (await native.get(f"{PATH}/{moved['operation_id']}")).json()
    assert item == by_id
    assert item["status"] == "applied"
    other = await api_key(platform, client="another")
    assert (await native.get(PATH, params=key, headers=other)).json()["items"] == []


async def test_what_is_not_decided_yet_is_accepted(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    await platform.stop_consumer()
    body = {"currency": "RUB"}
    answer = await native.post("/v1/wallets", json=body, headers={"Idempotency-Key": "early"})
    assert answer.status_code == 202

    async def standing() -> str:
        found = await native.get(PATH, params={"idempotency_key": "early"})
        status: str = found.json()["items"][0]["status"]
        return status

    assert await standing() == "accepted"
    await platform.start_consumer()

    async def is_applied() -> bool:
        return await standing() == "applied"

    await eventually(is_applied)


async def test_a_key_is_needed_and_must_be_one(native: httpx.AsyncClient) -> None:
    for params in ({}, {"idempotency_key": ""}, {"idempotency_key": "a b"}, {"key": "a"}):
        answer = await native.get(PATH, params=params)
        assert answer.status_code == 422, answer.text
