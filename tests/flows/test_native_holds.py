"""Holds over HTTP: kept aside, captured in parts, released, expired."""

from uuid import uuid4

import httpx
import pytest

from tests.fixtures.platform import eventually
from tests.flows.native import funded, money, opened, transfer, waited


async def held(native: httpx.AsyncClient, wallet_id: int, amount: str, **more: object) -> str:
    body = {"wallet_id": wallet_id, "amount": amount, "currency": "RUB", **more}
    status, answer = await waited(native, "/v1/holds", body)
    assert status == 201, answer
    hold_id: str = answer["hold_id"]
    return hold_id


async def test_held_money_stays_and_cannot_be_spent(native: httpx.AsyncClient) -> None:
    wallet_id = await funded(native, "10.00")
    body = {"wallet_id": wallet_id, "amount": "6", "currency": "RUB", "expires_in_s": 3600}
    _, answer = await waited(native, "/v1/holds", body)
    assert (answer["available"], answer["held"]) == ("4.00", "6.00")
    assert await money(native, wallet_id) == ("10.00", "4.00", "6.00")
    status, answer = await waited(native, "/v1/holds", body)
    assert (status, answer["code"]) == (402, "insufficient_funds")


async def test_captured_in_parts_the_last_of_which_releases_the_rest(
    native: httpx.AsyncClient,
) -> None:
    payer, payee = await funded(native, "10.00"), await opened(native)
    hold_id = await held(native, payer, "6")
    path = f"/v1/holds/{hold_id}/capture"
    _, answer = await waited(native, path, {"amount": "2", "destination_wallet_id": payee})
    assert (answer["captured"], answer["remaining"]) == ("2.00", "4.00")
    status, answer = await waited(native, path, {"amount": "4.01", "destination_wallet_id": payee})
    assert (status, answer["code"]) == (409, "exceeds_hold")
    last = {"amount": 1, "destination_wallet_id": payee, "final": True}
    _, answer = await waited(native, path, last)
    assert (answer["captured"], answer["remaining"], answer["released"]) == ("3.00", "0.00", "3.00")
    assert await money(native, payer) == ("7.00", "7.00", "0.00")
    assert await money(native, payee) == ("3.00", "3.00", "0.00")
    found = (await native.get(f"/v1/holds/{hold_id}")).json()
    assert (found["status"], found["captured"]) == ("closed", "3.00")
    for again, body in ((path, last), (f"/v1/holds/{hold_id}/release", None)):
        status, answer = await waited(native, again, body)
        assert (status, answer["code"]) == (409, "hold_closed")


async def test_capture_without_an_amount_takes_all(native: httpx.AsyncClient) -> None:
    payer, payee = await funded(native, "10.00"), await opened(native)
    hold_id = await held(native, payer, "6")
    _, answer = await waited(
        native, f"/v1/holds/{hold_id}/capture", {"destination_wallet_id": payee}
    )
    assert (answer["captured"], answer["remaining"]) == ("6.00", "0.00")


async def test_release_gives_it_back(native: httpx.AsyncClient) -> None:
    wallet_id = await funded(native, "10.00")
    hold_id = await held(native, wallet_id, "6")
    status, answer = await waited(native, f"/v1/holds/{hold_id}/release")
    assert (status, answer["released"]) == (201, "6.00")
    assert await money(native, wallet_id) == ("10.00", "10.00", "0.00")


async def test_an_expired_hold_is_closed(native: httpx.AsyncClient) -> None:
    payer, payee = await funded(native, "10.00"), await opened(native)
    hold_id = await held(native, payer, "6", expires_in_s=1)

    async def is_over() -> bool:
        body = {"destination_wallet_id": payee, "amount": "0.01"}
        _, answer = await waited(native, f"/v1/holds/{hold_id}/capture", body)
        return answer.get("code") == "hold_closed"

    assert await eventually(is_over)


async def test_odd_requests(native: httpx.AsyncClient) -> None:
    body = {"wallet_id": 1, "amount": "1", "currency": "RUB"}
    for seconds in (0, -1, 10**9, "60", 1.5):
        status, answer = await waited(native, "/v1/holds", {**body, "expires_in_s": seconds})
        assert (status, answer["errors"][0]["field"]) == (422, "expires_in_s")
    for hold_id in (str(uuid4()), "x"):
        answer = (await native.get(f"/v1/holds/{hold_id}")).json()
        assert answer["code"] == "hold_not_found"
        status, answer = await waited(native, f"/v1/holds/{hold_id}/release")
        assert (status, answer["code"]) == (404, "hold_not_found")


@pytest.mark.case("M12")
async def test_an_entry_names_its_hold_and_the_other_side(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    body = {"wallet_id": source, "amount": "5.00", "currency": "RUB"}
    _, hold = await waited(native, "/v1/holds", body)
    capture = {"destination_wallet_id": destination, "amount": "2.00"}
    status, captured = await waited(native, f"/v1/holds/{hold['hold_id']}/capture", capture)
    assert (status, captured["destination_wallet_id"]) == (201, destination)
    await waited(native, "/v1/transfers", transfer(destination, source, "1.00"))
    shown = {
        wallet: [
            (e["kind"], e["amount"], e["hold_id"], e["counterparty"])
            for e in (await native.get(f"/v1/wallets/{wallet}/entries")).json()["items"]
        ]
        for wallet in (source, destination)
    }
    hold_id, ours, theirs = hold["hold_id"], f"wallet:{source}", f"wallet:{destination}"
    assert shown[source] == [
        ("transfer.create", "1.00", None, theirs),
        ("hold.capture", "-2.00", hold_id, theirs),
        ("wallet.adjust", "10.00", None, "system:opening"),
    ]
    assert shown[destination] == [
        ("transfer.create", "-1.00", None, ours),
        ("hold.capture", "2.00", hold_id, ours),
    ]
