"""Overdraft limits, freezing one way, reversals and force, holds that end later."""

from typing import Any

import httpx
import pytest
from asyncpg.exceptions import CheckViolationError

from tests.fixtures.platform import Platform, api_key
from tests.flows.native import WAIT, funded, money, opened, transfer, waited


async def patched(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Status and document of a PATCH."""
    answer = await http.patch(path, json=body)
    return answer.status_code, answer.json()


async def test_an_overdraft_is_spent_and_not_more(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    wallet, other = await funded(native, "10.00"), await opened(native)
    path = f"/v1/wallets/{wallet}"
    status, answer = await patched(
        native, path, {"overdraft_limit": "5", "metadata": {"tier": "gold", "rate": 1.50}}
    )
    assert (status, answer["overdraft_limit"], answer["available"]) == (200, "5.00", "15.00")
    assert answer["metadata"] == {"tier": "gold", "rate": 1.5}
    assert (await waited(native, "/v1/transfers", transfer(wallet, other, "15.01")))[0] == 402
    assert (await waited(native, "/v1/transfers", transfer(wallet, other, "15")))[0] == 201
    assert await money(native, wallet) == ("-5.00", "0.00", "0.00")
    status, answer = await patched(native, path, {"overdraft_limit": "4.99"})
    assert (status, answer["code"]) == (409, "overdraft_in_use")
    assert (await waited(native, f"{path}/close"))[1]["code"] == "wallet_not_empty"
    await waited(native, "/v1/transfers", transfer(other, wallet, "5"))
    status, answer = await patched(
        native, path, {"overdraft_limit": "0", "metadata": {"tier": None}}
    )
    assert (status, answer["overdraft_limit"], answer["metadata"]) == (200, "0.00", {"rate": 1.5})
    keys = await api_key(platform, "wallets:write", client="shop")
    for body, code in (({"overdraft_limit": "1"}, 403), ({"metadata": {"a": 1}}, 200)):
        assert (await native.patch(path, json=body, headers=keys)).status_code == code


async def test_the_database_keeps_the_limit(native: httpx.AsyncClient, platform: Platform) -> None:
    wallet = await funded(native, "1.00")
    statement = "UPDATE accounts SET debits_posted = debits_posted + 101 WHERE id = $1"
    with pytest.raises(CheckViolationError, match="credit_guard"):
        await platform.value(statement, wallet)


async def test_money_goes_one_way(native: httpx.AsyncClient) -> None:
    wallet, other = await funded(native, "10.00"), await funded(native, "10.00")
    path = f"/v1/wallets/{wallet}"
    for direction, out, into in (("debits", 409, 201), ("credits", 201, 409), ("both", 409, 409)):
        body = {"direction": direction, "reason": "court order"}
        status, answer = await waited(native, f"{path}/freeze", body)
        assert (status, answer["wallet_status"]) == (201, "frozen")
        shown = (await native.get(path)).json()
        assert (shown["status"], shown["freeze_direction"], shown["freeze_reason"]) == (
            "frozen",
            direction,
            "court order",
        )
        assert (await waited(native, "/v1/transfers", transfer(wallet, other, "1")))[0] == out
        assert (await waited(native, "/v1/transfers", transfer(other, wallet, "1")))[0] == into
    await waited(native, f"{path}/unfreeze")
    shown = (await native.get(path)).json()
    assert (shown["status"], shown["freeze_direction"], shown["freeze_reason"]) == (
        "active",
        None,
        "",
    )


async def made(http: httpx.AsyncClient, *ends: tuple[int, int, str]) -> dict[str, Any]:
    """A transaction along these wallets."""
    postings = [
        {"source": f"wallet:{s}", "destination": f"wallet:{d}", "amount": a, "currency": "RUB"}
        for s, d, a in ends
    ]
    body = {"postings": postings, "reference": "order-1"}
    status, answer = await waited(http, "/v1/transactions", body)
    assert status == 201, answer
    return answer


async def test_a_transaction_goes_back_once(native: httpx.AsyncClient) -> None:
    a, b, c = await funded(native, "10.00"), await opened(native), await opened(native)
    transaction = await made(native, (a, b, "6"), (b, c, "2"))
    path = f"/v1/transactions/{transaction['transaction_id']}"
    status, back = await waited(native, f"{path}/reverse", {"reason": "wrong"})
    assert status == 201, back
    assert [(await money(native, w))[0] for w in (a, b, c)] == ["10.00", "0.00", "0.00"]
    shown = (await native.get(path)).json()
    assert (shown["reversed"], shown["reversed_by"]) == (True, back["transaction_id"])
    reversal = (await native.get(f"/v1/transactions/{back['transaction_id']}")).json()
    assert (reversal["kind"], reversal["reversal_of"]) == (
        "transaction.reverse",
        transaction["transaction_id"],
    )
    assert (await waited(native, f"{path}/reverse"))[1]["code"] == "already_reversed"
    again = await waited(native, f"/v1/transactions/{back['transaction_id']}/reverse")
    assert again[1]["code"] == "not_reversible"


async def test_a_transfer_goes_back_once_whichever_way_it_is_asked(
    native: httpx.AsyncClient,
) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    first = (await waited(native, "/v1/transfers", transfer(a, b, "2")))[1]["transfer_id"]
    second = (await waited(native, "/v1/transfers", transfer(a, b, "3")))[1]["transfer_id"]
    assert (await waited(native, f"/v1/transactions/{first}/reverse"))[0] == 201
    assert (await waited(native, f"/v1/transfers/{first}/reverse"))[1]["code"] == "already_reversed"
    await waited(native, f"/v1/transfers/{second}/reverse", {"amount": "1"})
    shown = (await native.get(f"/v1/transactions/{second}")).json()
    assert shown["reversed"] is False
    answer = (await waited(native, f"/v1/transactions/{second}/reverse"))[1]
    assert answer["code"] == "already_reversed"
    assert await money(native, a) == ("8.00", "8.00", "0.00")


async def test_a_charge_back_takes_a_wallet_below_zero(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    buyer, seller, shop = await funded(native, "10.00"), await opened(native), await opened(native)
    transaction = await made(native, (buyer, seller, "10"))
    await waited(native, "/v1/transfers", transfer(seller, shop, "9"))
    path = f"/v1/transactions/{transaction['transaction_id']}/reverse"
    assert (await waited(native, path))[1]["code"] == "insufficient_funds"
    keys = await api_key(platform, "transfers:write", client="shop")
    refused = await native.post(path, json={"force": True}, headers={**WAIT, **keys})
    assert refused.status_code == 403
    assert (await waited(native, path, {"force": True}))[0] == 201
    assert await money(native, seller) == ("-9.00", "-9.00", "0.00")
    assert (await waited(native, "/v1/transfers", transfer(seller, shop, "0.01")))[0] == 402
    await waited(native, "/v1/transfers", transfer(shop, seller, "5"))
    assert (await waited(native, "/v1/transfers", transfer(seller, shop, "1")))[0] == 402
    await waited(native, "/v1/transfers", transfer(buyer, seller, "5"))
    assert await money(native, seller) == ("1.00", "1.00", "0.00")
    assert (await waited(native, "/v1/transfers", transfer(seller, shop, "1")))[0] == 201
    assert await platform.value("SELECT forced_debt FROM accounts WHERE id = $1", seller) == 0


async def test_metadata_changes_and_what_it_was_stays(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    transaction = await made(native, (a, b, "1"))
    path = f"/v1/transactions/{transaction['transaction_id']}"
    for change, after in (
        ({"k": "v", "n": 1.10}, {"k": "v", "n": 1.1}),
        ({"k": None, "x": {"y": [1]}}, {"n": 1.1, "x": {"y": [1]}}),
        ({"gone": None}, {"n": 1.1, "x": {"y": [1]}}),
    ):
        status, answer = await patched(native, path, {"metadata": change})
        assert (status, answer["metadata"]) == (200, after)
    history = (await native.get(f"{path}/history")).json()["items"]
    assert [(h["change"], h["before"]) for h in history] == [(2, {"k": "v", "n": 1.1}), (1, {})]
    status, answer = await patched(native, path, {"metadata": {str(n): n for n in range(49)}})
    assert (status, answer["code"]) == (409, "metadata_full")
    found = (await native.get("/v1/transactions", params={"metadata.n": "1.10"})).json()["items"]
    assert [t["transaction_id"] for t in found] == [transaction["transaction_id"]]


async def test_a_hold_ends_later(native: httpx.AsyncClient) -> None:
    wallet = await funded(native, "10.00")
    body = {"wallet_id": wallet, "amount": "3", "currency": "RUB", "expires_in_s": 60}
    _, hold = await waited(native, "/v1/holds", body)
    path = f"/v1/holds/{hold['hold_id']}"
    status, answer = await waited(native, f"{path}/extend", {"expires_in_s": 6000})
    assert status == 201
    assert (await native.get(path)).json()["expires_at"] == answer["expires_at"]
    await waited(native, f"{path}/release")
    status, answer = await waited(native, f"{path}/extend", {"expires_in_s": 6000})
    assert (status, answer["code"]) == (409, "hold_closed")
