"""An operation that could not be applied, as its caller sees it."""

import httpx
import pytest

from payments.kernel.clock import monotonic_s
from tests.fixtures.platform import Platform, api_key
from tests.integration.test_ledgers_word import POISON, two_wallets


@pytest.mark.case("M8")
async def test_a_parked_operation_is_told_at_once(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update({**await api_key(platform), "Prefer": "wait=30"})
    source, destination = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)

    def body(description: str) -> dict[str, object]:
        wallets = {"source_wallet_id": source, "destination_wallet_id": destination}
        return {**wallets, "amount": "1.00", "currency": "RUB", "description": description}

    began = monotonic_s()
    answer = await client.post("/v1/transfers", json=body("poison"))
    told = answer.json()
    assert (answer.status_code, told["status"]) == (202, "parked")
    assert "operator" in told["detail"]
    standing = (await client.get(answer.headers["Location"], params={"wait": "30"})).json()
    assert (standing["status"], standing["detail"]) == ("parked", told["detail"])
    assert standing["operation_id"] == told["operation_id"]

    items = [{"kind": "transfer", **body(text)} for text in ("good", "poison", "good")]
    bulk = await client.post("/v1/operations/bulk", json={"operations": items})
    assert [item["status"] for item in bulk.json()["items"]] == ["applied", "parked", "applied"]
    assert monotonic_s() - began < 25


@pytest.mark.case("M3")
async def test_the_key_of_a_parked_operation_is_taken(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    client.headers.update(
        {**await api_key(platform), "Prefer": "wait=30", "Idempotency-Key": "order-1"}
    )
    source, destination = await two_wallets(platform)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    wallets = {"source_wallet_id": source, "destination_wallet_id": destination}
    poison = {**wallets, "amount": "1.00", "currency": "RUB", "description": "poison"}
    assert (await client.post("/v1/transfers", json=poison)).json()["status"] == "parked"

    other = await client.post("/v1/transfers", json={**poison, "amount": "2.00"})
    items = [{"kind": "transfer", **poison}]
    bulk = await client.post("/v1/operations/bulk", json={"operations": items})
    for answer in (other, bulk):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert await platform.value("SELECT count(*) FROM transfers") == 0
