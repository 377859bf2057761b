"""Transfers over HTTP: moved once, refused for a reason, reversed in parts."""

import asyncio
from uuid import UUID, uuid4

import httpx

from tests.fixtures.platform import Platform, api_key
from tests.flows.native import WAIT, funded, money, opened, transfer, waited


async def test_money_moves(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    status, answer = await waited(native, "/v1/transfers", transfer(source, destination, "2.50"))
    assert status == 201
    assert (answer["source_balance"], answer["destination_balance"]) == ("7.50", "2.50")
    found = (await native.get(f"/v1/transfers/{answer['transfer_id']}")).json()
    assert (found["amount"], found["reversed"], found["reversal_of"]) == ("2.50", "0.00", None)


async def test_refusals_are_kept(native: httpx.AsyncClient) -> None:
    rub, usd = await funded(native, "1.00"), await opened(native, "USD")
    other = await opened(native)
    wanted = {
        "insufficient_funds": (402, transfer(rub, other, "1.01")),
        "wallet_not_found": (404, transfer(10**9, other, "1")),
        "currency_mismatch": (409, transfer(rub, usd, "1")),
        "same_wallet": (409, transfer(rub, rub, "1")),
    }
    for code, (status, body) in wanted.items():
        answer = await native.post("/v1/transfers", json=body, headers=WAIT)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        standing = (await native.get(f"/v1/operations/{answer.json()['operation_id']}")).json()
        assert (standing["status"], standing["reason"]) == ("rejected", code)
    assert await money(native, rub) == ("1.00", "1.00", "0.00")


async def test_fifty_copies_move_money_once(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    body, headers = transfer(source, destination, "1"), {"Idempotency-Key": "once", **WAIT}
    answers = await asyncio.gather(
        *(native.post("/v1/transfers", json=body, headers=headers) for _ in range(50))
    )
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["operation_id"] for a in answers}) == 1
    again = await native.post("/v1/transfers", json=body, headers={"Idempotency-Key": "once"})
    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await native.post("/v1/transfers", json={**body, "amount": 2}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert await money(native, destination) == ("1.00", "1.00", "0.00")


async def test_a_transfer_goes_back_in_parts_and_never_more(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    _, moved = await waited(native, "/v1/transfers", transfer(source, destination, "6"))
    path = f"/v1/transfers/{moved['transfer_id']}/reverse"
    status, part = await waited(native, path, {"amount": "2.5"})
    assert (status, part["amount"], part["reversal_of"]) == (201, "2.50", moved["transfer_id"])
    status, answer = await waited(native, path, {"amount": "3.51"})
    assert (status, answer["code"]) == (409, "already_reversed")
    rest = await native.post(path, headers=WAIT)  # no body at all: the rest
    assert (rest.status_code, rest.json()["amount"]) == (201, "3.50")
    status, answer = await waited(native, path)
    assert (status, answer["code"]) == (409, "already_reversed")
    status, answer = await waited(native, f"/v1/transfers/{part['transfer_id']}/reverse")
    assert (status, answer["code"]) == (409, "not_reversible")
    assert await money(native, source) == ("10.00", "10.00", "0.00")
    found = (await native.get(f"/v1/transfers/{moved['transfer_id']}")).json()
    assert found["reversed"] == "6.00"


async def test_a_transfer_under_a_key_is_found_by_its_id_and_by_its_operations(
    native: httpx.AsyncClient,
) -> None:
    """Its own id sorts by time, which an id that is derived from a key does not."""
    source, destination = await funded(native, "10.00"), await opened(native)
    body = {**transfer(source, destination, "6"), "description": "rent"}
    headers = {"Idempotency-Key": "rent", **WAIT}
    moved = (await native.post("/v1/transfers", json=body, headers=headers)).json()
    assert UUID(moved["operation_id"]).version == 5
    assert UUID(moved["transfer_id"]).version == 7
    again = (await native.post("/v1/transfers", json=body, headers=headers)).json()
    assert again["transfer_id"] == moved["transfer_id"]
    for id_ in (moved["transfer_id"], moved["operation_id"]):
        found = (await native.get(f"/v1/transfers/{id_}")).json()
        assert (found["transfer_id"], found["amount"]) == (moved["transfer_id"], "6.00")
    entries = (await native.get(f"/v1/wallets/{destination}/entries")).json()["items"]
    assert [e["description"] for e in entries] == ["rent"]
    headers = {"Idempotency-Key": "back", **WAIT}
    path = f"/v1/transfers/{moved['operation_id']}/reverse"
    back = (await native.post(path, json={"amount": "1"}, headers=headers)).json()
    assert back["reversal_of"] == moved["transfer_id"]
    found = (await native.get(f"/v1/transfers/{back['operation_id']}")).json()
    assert found["reversal_of"] == moved["transfer_id"]


async def test_unknown_transfers(native: httpx.AsyncClient) -> None:
    for transfer_id in (str(uuid4()), "x", "0"):
        answer = await native.get(f"/v1/transfers/{transfer_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "transfer_not_found")
        answer = await native.post(f"/v1/transfers/{transfer_id}/reverse")
        assert (answer.status_code, answer.json()["code"]) == (404, "transfer_not_found")


async def test_bulk_is_decided_in_order_and_item_by_item(native: httpx.AsyncClient) -> None:
    first, second = await funded(native, "5.00"), await opened(native)
    items = [
        {"kind": "transfer", "idempotency_key": "a", **transfer(first, second, "3")},
        {"kind": "transfer", "idempotency_key": "b", **transfer(first, second, "3")},
        {"kind": "transfer", "idempotency_key": "c", **transfer(first, second, "2")},
        {"kind": "transfer", **transfer(first, second, "-1")},
        {"kind": "transfer", "idempotency_key": "a", **transfer(first, second, "4")},
    ]
    answer = await native.post("/v1/operations/bulk", json={"operations": items}, headers=WAIT)
    assert answer.status_code == 200
    found = [(i["status"], i.get("reason")) for i in answer.json()["items"]]
    assert found == [
        ("applied", None),
        ("rejected", "insufficient_funds"),
        ("applied", None),
        ("rejected", "invalid_amount"),
        ("rejected", "idempotency_conflict"),
    ]
    assert await money(native, second) == ("5.00", "5.00", "0.00")


async def test_a_thousand_at_once(native: httpx.AsyncClient) -> None:
    first, second = await funded(native, "500.00"), await opened(native)
    items = [
        {"kind": "transfer", "idempotency_key": f"i{n}", **transfer(first, second, "1")}
        for n in range(1000)
    ]
    answer = await native.post("/v1/operations/bulk", json={"operations": items}, headers=WAIT)
    statuses = [i["status"] for i in answer.json()["items"]]
    # In order: the first five hundred find the money, the others do not.
    assert statuses == ["applied"] * 500 + ["rejected"] * 500


async def test_only_its_own_operations(native: httpx.AsyncClient, platform: Platform) -> None:
    accepted = await native.post(
        "/v1/wallets", json={"currency": "RUB", "owner": "o"}, headers=WAIT
    )
    path = accepted.headers["location"]
    for scopes, status in ((("operations:read",), 404), (("operations:read", "ledger:admin"), 200)):
        other = await native.get(path, headers=await api_key(platform, *scopes, client="other"))
        assert other.status_code == status


async def test_before_it_is_decided(native: httpx.AsyncClient, platform: Platform) -> None:
    await platform.stop_consumer()
    body, headers = {"currency": "RUB", "owner": "o"}, {"Idempotency-Key": "k", "Prefer": "wait=1"}
    answer = await native.post("/v1/wallets", json=body, headers=headers)
    assert answer.status_code == 202
    standing = (await native.get(answer.headers["location"])).json()
    assert (standing["status"], standing["decided_at"]) == ("accepted", None)
    repeated = await native.post("/v1/wallets", json=body, headers={"Idempotency-Key": "k"})
    assert repeated.status_code == 202
    assert repeated.headers["Idempotency-Replayed"] == "true"
    await platform.start_consumer()
    standing = (await native.get(answer.headers["location"] + "?wait=30")).json()
    assert standing["status"] == "applied"
