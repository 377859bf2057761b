"""A bulk takes every native money POST: payouts, deposits, and what goes on with a hold."""

import json
from typing import Any

import httpx
import pytest

from streams import partitions
from tests.fixtures.platform import Platform
from tests.flows.native import WAIT, funded, money, opened, transfer, waited

BULK = "/v1/operations/bulk"


def payout(wallet: int, amount: str) -> dict[str, Any]:
    return {
        "kind": "payout",
        "wallet_id": wallet,
        "superpay_wallet_id": "W-1001",
        "amount": amount,
        "currency": "RUB",
    }


def deposit(wallet: int) -> dict[str, Any]:
    body = {"wallet_id": wallet, "amount": "3.00", "currency": "RUB"}
    urls = {f"{word}_url": f"https://example.com/{word}" for word in ("success", "failure")}
    return {"kind": "deposit", **body, **urls}


@pytest.mark.parametrize("atomic", [False, True])
async def test_payouts_and_deposits(
    native: httpx.AsyncClient,
    platform: Platform,
    atomic: bool,  # noqa: FBT001 - a column
) -> None:
    payer, receiver = await funded(native, "10.00"), await opened(native)
    items = [
        {"kind": "transfer", **transfer(payer, receiver, "1")},
        payout(payer, "2.00"),
        deposit(receiver),
        payout(receiver, "0.50"),
    ]
    answer = await native.post(BULK, json={"operations": items, "atomic": atomic}, headers=WAIT)
    assert answer.status_code == 200, answer.text
    said = answer.json()["items"]
    assert [i["status"] for i in said] == ["applied"] * 4
    assert [i.get("payout_status") for i in said] == [None, "held", None, "held"]
    assert await money(native, payer) == ("9.00", "7.00", "2.00")
    for item in (said[1], said[3]):  # it holds under its own id, and its effect is on the stream
        shown = (await native.get(f"/v1/payouts/{item['payout_id']}")).json()
        assert shown["merchant_id"] == item["merchant_id"]
    await platform.settled()
    kinds = []
    for partition in range(platform.settings.partitions):
        entries: Any = await platform.redis.xrange(partitions.effects(partition))
        kinds += [json.loads(payload)["kind"] for _, e in entries for payload in e.values()]
    submit, create = "superpay.submit_payout", "superpay.create_deposit"
    assert sorted(kinds) == [create, submit, submit]
    shown = (await native.get(f"/v1/deposits/{said[2]['deposit_id']}")).json()
    assert shown["amount"] == "3.00"


async def test_what_goes_on_with_holds_and_payouts(native: httpx.AsyncClient) -> None:
    wallet = await funded(native, "10.00")
    hold = {"wallet_id": wallet, "amount": "1", "currency": "RUB", "expires_in_s": 60}
    _, held = await waited(native, "/v1/holds", hold)
    body = {name: value for name, value in payout(wallet, "2.00").items() if name != "kind"}
    _, paying = await waited(native, "/v1/payouts", body)
    items = [
        {"kind": "hold_extension", "hold_id": held["hold_id"], "expires_in_s": 600},
        {"kind": "payout_cancellation", "payout_id": paying["payout_id"]},
        {"kind": "payout.cancel", "payout_id": paying["payout_id"]},
    ]
    answer = await native.post(BULK, json={"operations": items}, headers=WAIT)
    said = answer.json()["items"]
    assert [i["status"] for i in said] == ["applied", "applied", "rejected"], said
    assert said[2]["reason"] == "not_cancelable"
    assert await money(native, wallet) == ("10.00", "9.00", "1.00")
