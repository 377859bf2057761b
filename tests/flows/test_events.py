"""Events: one for each decided operation, in the order of commits, with the thing as its GET."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx

from tests.fixtures.platform import Platform, api_key
from tests.fixtures.wire import served
from tests.flows.native import WAIT, funded, opened, transfer, waited


async def events(http: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    answer = await http.get("/v1/events", params={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def last(http: httpx.AsyncClient, type_: str) -> dict[str, Any]:
    return (await events(http, type=type_))[-1]


async def test_an_applied_transfer_is_told_as_its_get_gives_it(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    _, answer = await waited(native, "/v1/transfers", transfer(source, destination, "2.50"))
    event = await last(native, "transfer.applied")
    assert event.keys() == {
        "id", "sequence", "type", "occurred_at", "operation_id", "client", "data",
    }  # fmt: skip
    assert event["operation_id"] == answer["operation_id"]
    assert event["client"] == "test"
    assert event["id"].startswith("evt_")
    assert event["data"] == (await native.get(f"/v1/transfers/{answer['transfer_id']}")).json()
    standing = (await native.get(f"/v1/operations/{answer['operation_id']}")).json()
    assert event["occurred_at"] == standing["decided_at"]
    reversing = f"/v1/transfers/{answer['transfer_id']}/reverse"
    _, back = await waited(native, reversing, {})
    reversal = (await native.get(f"/v1/transfers/{back['transfer_id']}")).json()
    assert (await last(native, "transfer.reversed"))["data"] == reversal
    assert await last(native, "transfer.applied") == event, "what was true then"


async def test_transfers_under_a_key_and_in_a_bulk_are_told_the_same(
    native: httpx.AsyncClient,
) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    body = transfer(source, destination, "1")
    key = {**WAIT, "Idempotency-Key": "order-17"}
    made = [(await native.post("/v1/transfers", json=body, headers=key)).json()]
    for is_atomic in (False, True):
        bulk = {"operations": [{"kind": "transfer", **body}] * 2, "atomic": is_atomic}
        made += (await native.post("/v1/operations/bulk", json=bulk, headers=WAIT)).json()["items"]
    paths = [f"/v1/transfers/{one['transfer_id']}" for one in made]
    shown = [(await native.get(path)).json() for path in paths]
    assert [one["data"] for one in await events(native, type="transfer.applied")] == shown


async def test_a_refused_operation_is_told_too(native: httpx.AsyncClient) -> None:
    source, destination = await opened(native), await opened(native)
    _, answer = await waited(native, "/v1/transfers", transfer(source, destination, "2.50"))
    event = await last(native, "transfer.rejected")
    assert event["data"] == (await native.get(f"/v1/operations/{answer['operation_id']}")).json()
    assert event["data"]["reason"] == "insufficient_funds"


async def test_wallets_are_told_with_their_money(native: httpx.AsyncClient) -> None:
    wallet = await opened(native)
    path = f"/v1/wallets/{wallet}"

    async def same(type_: str) -> None:
        assert (await last(native, type_))["data"] == (await native.get(path)).json()

    await same("wallet.opened")
    body = {"wallet_id": wallet, "amount": "5", "currency": "RUB", "direction": "credit"}
    await waited(native, "/v1/adjustments", {**body, "reason": "opening"})
    await same("wallet.adjusted")
    await waited(native, "/v1/holds", {"wallet_id": wallet, "amount": "1", "currency": "RUB"})
    await waited(native, f"{path}/freeze")
    await same("wallet.frozen")
    await waited(native, f"{path}/unfreeze")
    await same("wallet.unfrozen")


async def test_a_hold_is_told_from_its_making_to_its_end(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    body = {"wallet_id": source, "amount": "4", "currency": "RUB", "expires_in_s": 60}
    _, hold = await waited(native, "/v1/holds", body)
    path = f"/v1/holds/{hold['hold_id']}"

    async def same(type_: str) -> None:
        assert (await last(native, type_))["data"] == (await native.get(path)).json()

    await same("hold.created")
    await waited(native, f"{path}/capture", {"amount": "1", "destination_wallet_id": destination})
    await same("hold.captured")
    await waited(native, f"{path}/release")
    await same("hold.released")
    await waited(native, f"{path}/release")
    assert (await last(native, "hold.*"))["type"] == "hold.release_rejected"


async def test_each_decided_operation_has_one_event(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await funded(native, "3.00"), await opened(native)
    bodies = [transfer(source, destination, "1") for _ in range(20)]
    await asyncio.gather(*(native.post("/v1/transfers", json=b, headers=WAIT) for b in bodies))
    items = [{"kind": "transfer", **transfer(source, destination, "1")}]
    headers = {"Idempotency-Key": "bulk", **WAIT}
    await native.post("/v1/operations/bulk", json={"operations": items}, headers=headers)
    await native.post("/v1/operations/bulk", json={"operations": items}, headers=headers)
    for amount in ("1", "1000"):
        items[0]["amount"] = amount
        body = {"operations": items * 2, "atomic": True}
        await native.post("/v1/operations/bulk", json=body, headers=WAIT)
    told = await events(native)
    assert [one["sequence"] for one in told] == list(range(1, len(told) + 1))
    ids = sorted(one["operation_id"] for one in told)
    async with platform.connection() as connection:
        decided = await connection.fetch("SELECT id::text FROM operations ORDER BY 1")
    assert ids == [row["id"] for row in decided]
    assert len({one["id"] for one in told}) == len(told)


async def test_filters_pages_and_what_is_no_type(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "3.00"), await opened(native)
    for _ in range(4):
        await waited(native, "/v1/transfers", transfer(source, destination, "1"))
    types = [e["type"] for e in await events(native, type="transfer.*,wallet.opened")]
    assert types == ["wallet.opened"] * 2 + ["transfer.applied"] * 3 + ["transfer.rejected"]
    first = (await native.get("/v1/events?limit=2&type=transfer.*")).json()
    more = (
        await native.get("/v1/events?type=transfer.*", params={"after": first["next_cursor"]})
    ).json()
    assert (len(first["items"]), len(more["items"]), more["next_cursor"]) == (2, 2, None)
    assert await events(native, after=more["last_sequence"]) == []
    for wrong in ("Transfer", "a.b.c", "transfer.applied,%", "*.*"):
        answer = await native.get("/v1/events", params={"type": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")
    for wrong in ("-1", "x", "1e3", str(2**63)):
        assert (await native.get("/v1/events", params={"after": wrong})).status_code == 422


async def test_waiting_ends_with_the_first_event(native: httpx.AsyncClient) -> None:
    await opened(native)
    after = (await native.get("/v1/events")).json()["last_sequence"]
    waiting = asyncio.create_task(native.get(f"/v1/events?after={after}&wait=30"))
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await opened(native)
    answer = (await waiting).json()
    assert [e["sequence"] for e in answer["items"]] == [after + 1]
    nothing = await native.get(f"/v1/events?after={after + 1}&wait=1")
    assert nothing.json()["items"] == []


async def test_without_the_scope_nothing_is_told(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    headers = await api_key(platform, "wallets:read", "operations:read", client="blind")
    answer = await client.get("/v1/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")
    headers = await api_key(platform, "events:read", client="reader")
    assert (await client.get("/v1/events", headers=headers)).status_code == 200


async def _messages(answer: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    """Messages of a stream: `id`, `event` and the decoded `data`."""
    message: dict[str, Any] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name in {"id", "event", "data"}:
            message[name] = json.loads(value) if name == "data" else value
        elif not line and message:
            yield message
            message = {}


async def test_a_stream_gives_what_happens_and_resumes(platform: Platform) -> None:
    headers = {**await api_key(platform), "Accept": "text/event-stream"}
    async with (
        served(platform.settings) as (port,),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as http,
    ):
        first = await opened(http)
        async with http.stream("GET", "/v1/events") as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/event-stream"
            stream = _messages(answer)
            one = await anext(stream)
            assert (one["id"], one["event"]) == ("1", "wallet.opened")
            assert one["data"]["data"]["wallet_id"] == first
            second = await opened(http)
            assert (await anext(stream))["data"]["data"]["wallet_id"] == second
        async with http.stream("GET", "/v1/events", headers={"Last-Event-ID": "1"}) as answer:
            assert (await anext(_messages(answer)))["id"] == "2"
        wrong = await http.get("/v1/events", headers={"Last-Event-ID": "x"})
        assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid_query")


async def test_a_server_that_stops_ends_its_streams(platform: Platform) -> None:
    headers = {**await api_key(platform), "Accept": "text/event-stream"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as http:
        async with served(platform.settings) as (port,):
            request = http.build_request("GET", f"http://127.0.0.1:{port}/v1/events")
            answer = await http.send(request, stream=True)
            assert answer.status_code == 200
        assert [message async for message in _messages(answer)] == []
        await answer.aclose()
