"""What a bulk was accepted with exists at once, and leaves nothing in Redis when it is decided."""

from typing import Any

import httpx
import pytest

from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, opened, transfer
from tests.flows.test_console_dead_letters import CURE
from tests.integration.test_cli_keys import payments as command
from tests.integration.test_ledgers_word import POISON

BULK = "/v1/operations/bulk"


async def left_in_redis(platform: Platform) -> list[bytes]:
    """Markers, and the places of items."""
    keys: list[bytes] = []
    for pattern in ("pay:*:op:*", "pay:*:items"):
        keys += [key async for key in platform.redis.scan_iter(pattern)]
    return keys


async def standing(http: httpx.AsyncClient, operation_id: str) -> tuple[int, str, str]:
    """The status code, and what is told of the operation."""
    answer = await http.get(f"/v1/operations/{operation_id}")
    told: dict[str, Any] = answer.json()
    return answer.status_code, told.get("kind", ""), told.get("status", "")


async def two_items(http: httpx.AsyncClient) -> tuple[dict[str, Any], dict[str, Any]]:
    """A transfer and a hold from a wallet that has the money."""
    source, destination = await funded(http, "100.00"), await opened(http)
    hold = {"kind": "hold", "wallet_id": source, "amount": "1.00", "currency": "RUB"}
    return {"kind": "transfer", **transfer(source, destination, "1.00")}, hold


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "b-7"}])
async def test_every_item_exists_as_soon_as_the_bulk_is_accepted(
    native: httpx.AsyncClient, platform: Platform, headers: dict[str, str]
) -> None:
    one, hold = await two_items(native)
    items = [one, hold, {"kind": "nothing"}, one, {**one, "idempotency_key": f"own-{headers}"[:5]}]
    await platform.settled()
    await platform.stop_consumer()
    bulk = await native.post(BULK, json={"operations": items}, headers=headers)
    ids = [item["operation_id"] for item in bulk.json()["items"]]
    assert ids[2] is None
    kinds = ["transfer.create", "hold.create", "transfer.create", "transfer.create"]
    told = [await standing(native, id_) for id_ in ids if id_]
    assert told == [(200, kind, "accepted") for kind in kinds]
    refused_id = ids[0][:-3] + "002"  # the place of the item that was refused
    assert headers or (await standing(native, refused_id))[0] == 404
    follow_up = await native.post(f"/v1/transfers/{ids[0]}/reverse", json={})
    assert (follow_up.status_code, follow_up.json()["code"]) == (409, "not_decided_yet")
    single = await native.post(
        "/v1/transfers",
        json={name: value for name, value in one.items() if name != "kind"},
        headers={"Idempotency-Key": f"own-{headers}"[:5]},
    )
    assert single.headers["Idempotency-Replayed"] == "true"
    await platform.start_consumer()
    await platform.settled()
    told = [await standing(native, id_) for id_ in ids if id_]
    assert told == [(200, kind, "applied") for kind in kinds]
    assert await left_in_redis(platform) == []


@pytest.mark.case("M5")
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "b-8"}])
async def test_every_part_exists_as_soon_as_the_atomic_bulk_is_accepted(
    native: httpx.AsyncClient, platform: Platform, headers: dict[str, str]
) -> None:
    one, hold = await two_items(native)
    body = {"operations": [one, hold, one], "atomic": True}
    await platform.settled()
    await platform.stop_consumer()
    bulk = await native.post(BULK, json=body, headers=headers)
    ids = [item["operation_id"] for item in bulk.json()["items"]]
    if headers:
        again = await native.post(BULK, json=body, headers=headers)
        assert again.json() == bulk.json()
    kinds = ["transfer.create", "hold.create", "transfer.create"]
    told = [await standing(native, id_) for id_ in ids]
    assert told == [(200, kind, "accepted") for kind in kinds]
    follow_up = await native.post(f"/v1/transfers/{ids[0]}/reverse", json={})
    assert (follow_up.status_code, follow_up.json()["code"]) == (409, "not_decided_yet")
    await platform.start_consumer()
    waited = await native.get(f"/v1/operations/{ids[0]}?wait=30")
    assert waited.json()["status"] == "applied"
    await platform.settled()
    told = [await standing(native, id_) for id_ in ids]
    assert told == [(200, kind, "applied") for kind in kinds]
    if headers:
        again = await native.post(BULK, json=body, headers=headers)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert [item["operation_id"] for item in again.json()["items"]] == ids
        await platform.settled()
    assert await left_in_redis(platform) == []


@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "b-9"}])
@pytest.mark.parametrize("word", ["retry", "discard"])
async def test_the_parts_of_an_atomic_bulk_that_cannot_be_applied_are_parked_with_it(
    native: httpx.AsyncClient, platform: Platform, headers: dict[str, str], word: str
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    async with platform.connection() as connection:
        await connection.execute(POISON)
    bad = {"kind": "transfer", **transfer(source, destination, "1.00"), "description": "poison"}
    body = {"operations": [bad, {**bad, "description": ""}], "atomic": True}
    bulk = await native.post(BULK, json=body, headers={**WAIT, **headers})
    assert bulk.json()["status"] == "parked", bulk.text
    ids = [item["operation_id"] for item in bulk.json()["items"]]
    told = [await standing(native, id_) for id_ in ids]
    assert told == [(200, "transfer.create", "parked")] * 2
    async with platform.connection() as connection:
        await connection.execute(CURE)
    number = str(await platform.value("SELECT id FROM dead_letters"))
    assert command(platform, "dead-letters", word, number).returncode == 0
    await platform.settled()
    told = [await standing(native, id_) for id_ in (*ids, bulk.json()["operation_id"])]
    status = "applied" if word == "retry" else "rejected"
    assert told == [
        (200, "transfer.create", status),
        (200, "transfer.create", status),
        (200, "operations.atomic", status),
    ]
    # Who discards a letter does not speak to Redis: places of keyed parts stay (ADR 0260).
    may_stay = [b"items"] if headers and word == "discard" else []
    assert [key.rpartition(b":")[2] for key in await left_in_redis(platform)] == may_stay
