"""One Idempotency-Key for a whole bulk: it is that bulk's for ever, and nothing else's."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.flows.native import WAIT, funded, money, opened, transfer

BULK = "/v1/operations/bulk"
KEY = {"Idempotency-Key": "b-1"}


async def sent(
    http: httpx.AsyncClient, items: list[dict[str, Any]], **headers: str
) -> httpx.Response:
    return await http.post(BULK, json={"operations": items}, headers={**WAIT, **KEY, **headers})


def item(source: int, destination: int, amount: str, **more: Any) -> dict[str, Any]:
    return {"kind": "transfer", **transfer(source, destination, amount), **more}


@pytest.mark.case("M3")
async def test_an_exact_repeat_says_so_and_anything_else_is_a_conflict(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    one, two = item(source, destination, "1.00"), item(source, destination, "2.00")
    first = await sent(native, [one, two, {"kind": "nothing"}])
    assert first.status_code == 200
    assert "Idempotency-Replayed" not in first.headers
    rewritten = {**one, "amount": 1, "currency": "rub"}
    again = await sent(native, [rewritten, two, {"kind": "nothing"}])
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    for other in (
        [one, two],
        [one, two, {"kind": "nothing"}, one],
        [two, one, {"kind": "nothing"}],
        [one, {**two, "idempotency_key": "own"}, {"kind": "nothing"}],
        [one, two, {"kind": "something"}],
        [{**one, "kind": "hold"}, two, {"kind": "nothing"}],
    ):
        answer = await sent(native, other)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict"), other
    single = await native.post(
        "/v1/transfers", json=transfer(source, destination, "1.00"), headers={**WAIT, **KEY}
    )
    assert (single.status_code, single.json()["code"]) == (409, "idempotency_conflict")
    assert (await money(native, destination))[0] == "3.00"
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("M3")
@pytest.mark.parametrize("stands", ["decided", "in the stream"])
async def test_a_key_of_a_single_operation_is_no_key_of_a_bulk(
    native: httpx.AsyncClient, platform: Platform, stands: str
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    if stands == "in the stream":
        await platform.stop_consumer()
    body = transfer(source, destination, "1.00")
    single = await native.post("/v1/transfers", json=body, headers=KEY)
    assert single.status_code == 202
    if stands == "in the stream":
        answer = await sent(native, [item(source, destination, "1.00")], Prefer="wait=0")
        assert answer.status_code == 202  # nobody can say yet whose the key is (ADR 0052)
        await platform.start_consumer()
    await platform.settled()
    answer = await sent(native, [item(source, destination, "1.00")])
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")
    assert (await money(native, destination))[0] == "1.00"


@pytest.mark.case("M3")
async def test_of_many_bulks_under_one_key_one_moves_money(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    bulks = [[item(source, destination, "1.00") for _ in range(size)] for size in (1, 2, 3)] * 6
    answers = await asyncio.gather(*(sent(native, bulk) for bulk in bulks))
    done = [a for a in answers if a.status_code == 200]
    assert {a.status_code for a in answers} == {200, 409}
    assert len(done) == 6
    moved = {len(a.json()["items"]) for a in done}
    assert await money(native, destination) == (f"{moved.pop()}.00",) * 2 + ("0.00",)
    assert sum("Idempotency-Replayed" not in a.headers for a in done) == 1


@pytest.mark.case("M1", "M3")
async def test_a_bulk_survives_the_rotation_of_a_key(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    items = [
        item(source, destination, "1.00"),
        item(source, destination, "2.00", idempotency_key="own"),
    ]
    first = await sent(native, items)
    again = await sent(native, items, **await api_key(platform))
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await money(native, destination))[0] == "3.00"


async def test_items_of_a_bulk_keep_their_own_keys(native: httpx.AsyncClient) -> None:
    source = await funded(native, "100.00")
    hold = {"wallet_id": source, "amount": "1.00", "currency": "RUB"}
    bulk = await sent(native, [{"kind": "hold", "idempotency_key": "own", **hold}])
    single = await native.post("/v1/holds", json=hold, headers={**WAIT, "Idempotency-Key": "own"})
    assert single.json()["operation_id"] == bulk.json()["items"][0]["operation_id"]
    assert single.headers["Idempotency-Replayed"] == "true"


@pytest.mark.case("M3")
async def test_a_bulk_accepted_while_nobody_consumes_is_repeated_too(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    await platform.stop_consumer()
    items = [item(source, destination, "1.00")]
    first = await native.post(BULK, json={"operations": items}, headers=KEY)
    again = await native.post(BULK, json={"operations": items}, headers=KEY)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    more = await native.post(BULK, json={"operations": items * 2}, headers=KEY)
    assert more.status_code == 202  # nobody can say yet whose the key is (ADR 0052)
    await platform.start_consumer()
    await platform.settled()
    assert (await money(native, destination))[0] == "1.00"
    more = await native.post(BULK, json={"operations": items * 2}, headers=KEY)
    assert (more.status_code, more.json()["code"]) == (409, "idempotency_conflict")
    assert await platform.value("SELECT count(*) FROM operation_conflicts") == 1
