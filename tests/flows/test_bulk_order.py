"""A bulk is decided in the order of its list; an atomic one is applied whole or not at all."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.flows.native import WAIT, funded, money, opened, transfer

BULK = "/v1/operations/bulk"


def item(source: int, destination: int, amount: str) -> dict[str, Any]:
    """A transfer in a bulk."""
    return {"kind": "transfer", **transfer(source, destination, amount)}


async def chain(http: httpx.AsyncClient, length: int) -> tuple[list[int], list[dict[str, Any]]]:
    """Money handed on through empty wallets, another wallet's transfer before it."""
    other, first = await funded(http, "5.00"), await funded(http, "100.00")
    wallets = [first, *[await opened(http) for _ in range(length)]]
    links = [item(a, b, "100.00") for a, b in pairwise(wallets)]
    return wallets, [item(other, first, "1.00"), *links]


@pytest.mark.case("M4")
@pytest.mark.parametrize("atomic", [False, True])
async def test_items_are_decided_in_their_order(native: httpx.AsyncClient, atomic: bool) -> None:  # noqa: FBT001 - a column
    wallets, items = await chain(native, 12)
    answer = await native.post(BULK, json={"operations": items, "atomic": atomic}, headers=WAIT)
    assert answer.status_code == 200, answer.text
    assert [i["status"] for i in answer.json()["items"]] == ["applied"] * 13
    assert (await money(native, wallets[-1]))[0] == "100.00"


@pytest.mark.case("M4")
async def test_all_or_nothing(native: httpx.AsyncClient) -> None:
    wallets, items = await chain(native, 3)
    items.append(item(wallets[1], wallets[2], "0.01"))
    body = {"operations": items, "atomic": True}
    key = {**WAIT, "Idempotency-Key": "payroll-1"}
    answer = await native.post(BULK, json=body, headers=key)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "bulk_rejected")
    assert (problem["item"], problem["item_reason"]) == (4, "insufficient_funds")
    assert (await money(native, wallets[0]))[0] == "100.00"
    again = await native.post(BULK, json=body, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "bulk_rejected")
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await native.post(BULK, json={**body, "operations": items[:2]}, headers=key)
    assert other.json()["code"] == "idempotency_conflict"


async def test_parts_are_operations_of_their_own(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    held = await native.post(
        "/v1/holds", json={"wallet_id": a, "amount": "4", "currency": "RUB"}, headers=WAIT
    )
    hold_id = held.json()["hold_id"]
    items = [
        {"kind": "capture", "hold_id": hold_id, "amount": "1", "destination_wallet_id": b},
        {"kind": "hold.release", "hold_id": hold_id},
        {
            "kind": "transaction",
            "postings": [
                {
                    "source": f"wallet:{a}",
                    "destination": f"wallet:{b}",
                    "amount": "2",
                    "currency": "RUB",
                }
            ],
            "reference": "order-9",
        },
        item(b, a, "0.50"),
    ]
    body = {"operations": items, "atomic": True}
    answer = await native.post(BULK, json=body, headers={"Idempotency-Key": "b-9"})
    assert answer.status_code == 202
    ids = [i["operation_id"] for i in answer.json()["items"]]
    waited = (await native.get(f"/v1/operations/{answer.json()['operation_id']}?wait=30")).json()
    assert waited["status"] == "applied"
    for operation_id, kind in zip(
        ids, ("hold.capture", "hold.release", "transaction.create", "transfer.create"), strict=True
    ):
        standing = (await native.get(f"/v1/operations/{operation_id}")).json()
        assert (standing["kind"], standing["status"]) == (kind, "applied")
    assert await money(native, a) == ("7.50", "7.50", "0.00")
    found = (await native.get("/v1/transactions", params={"reference": "order-9"})).json()["items"]
    assert [t["operation_id"] for t in found] == [ids[2]]


async def test_an_item_that_cannot_be_read_refuses_an_atomic_bulk(
    native: httpx.AsyncClient,
) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    for bad, reason in (
        ({"kind": "nothing"}, "invalid_body"),
        (item(a, b, "1.001"), "invalid_amount"),
        ({"kind": "capture", "hold_id": "x"}, "invalid_body"),
    ):
        body = {"operations": [item(a, b, "1"), bad], "atomic": True}
        answer = await native.post(BULK, json=body, headers=WAIT)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "bulk_rejected")
        assert (problem["item"], problem["item_reason"]) == (1, reason)
    assert await money(native, b) == ("0.00", "0.00", "0.00")


@pytest.mark.case("M5")
async def test_the_parts_of_an_accepted_bulk_exist_at_once(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    parts = [item(a, b, "0.01"), item(a, b, "0.02")]

    async def accepted(items: list[dict[str, Any]]) -> list[str]:
        answer = await native.post(BULK, json={"operations": items, "atomic": True})
        assert answer.status_code == 202
        return [part["operation_id"] for part in answer.json()["items"]]

    for _ in range(10):
        _, part = await accepted(parts)
        told = await native.get(f"/v1/operations/{part}?wait=30")
        assert told.json()["status"] == "applied"
        _, part = await accepted(parts)
        assert (await native.get(f"/v1/transfers/{part}")).status_code == 200
        _, part = await accepted(parts)
        reversed_ = await native.post(f"/v1/transfers/{part}/reverse", headers=WAIT)
        assert reversed_.status_code == 201, reversed_.text
    for part in await accepted([*parts, item(a, b, "1000")]):
        standing = (await native.get(f"/v1/operations/{part}?wait=30")).json()
        assert (standing["status"], standing["reason"]) == ("rejected", "bulk_rejected")
