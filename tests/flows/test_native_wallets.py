"""Wallets over HTTP: open, look, list, freeze, adjust."""

from datetime import UTC, datetime

import httpx

from tests.flows.native import WAIT, funded, money, opened, transfer, waited


async def test_a_wallet_is_opened_and_read(native: httpx.AsyncClient) -> None:
    body = {"currency": "rub", "owner": "user-17", "metadata": {"tier": 2, "ratio": 1.5}}
    status, answer = await waited(native, "/v1/wallets", body)
    assert status == 201
    assert (answer["status"], answer["wallet_status"]) == ("applied", "active")
    assert (answer["currency"], answer["balance"]) == ("RUB", "0.00")
    wallet = (await native.get(f"/v1/wallets/{answer['wallet_id']}")).json()
    assert wallet["status"] == "active"
    for name in ("wallet_id", "currency", "owner", "metadata", "balance", "created_at"):
        assert wallet[name] == answer[name], name


async def test_an_accepted_wallet_can_be_followed(native: httpx.AsyncClient) -> None:
    accepted = await native.post("/v1/wallets", json={"currency": "JPY", "owner": "o"})
    assert accepted.status_code == 202
    standing = (await native.get(accepted.headers["location"] + "?wait=30")).json()
    assert (standing["status"], standing["kind"]) == ("applied", "wallet.open")
    assert standing["result"]["balance"] == "0"


async def test_wallets_are_listed_newest_first_in_pages(native: httpx.AsyncClient) -> None:
    mine = [await opened(native, owner="me") for _ in range(5)]
    await opened(native, owner="other")
    found: list[int] = []
    cursor = ""
    while True:
        page = (await native.get(f"/v1/wallets?owner=me&limit=2{cursor}")).json()
        found += [w["wallet_id"] for w in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        await opened(native, owner="me")  # added while we read: the pages stay as they are
    assert found == mine[::-1]


async def test_entries_are_signed_and_say_what_for(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    body = {**transfer(source, destination, "2.50"), "description": "a book"}
    _, answer = await waited(native, "/v1/transfers", body)
    entries = (await native.get(f"/v1/wallets/{source}/entries?limit=1")).json()
    assert entries["next_cursor"]
    assert entries["items"][0] == {
        "entry": 2,
        "operation_id": answer["operation_id"],
        "kind": "transfer.create",
        "amount": "-2.50",
        "balance": "7.50",
        "created_at": entries["items"][0]["created_at"],
        "description": "a book",
        "counterparty": f"wallet:{destination}",
        "hold_id": None,
        "reference": "",
        "transaction_id": answer["transfer_id"],
    }
    older = await native.get(f"/v1/wallets/{source}/entries?cursor={entries['next_cursor']}")
    assert [e["description"] for e in older.json()["items"]] == ["opening"]


async def test_the_balance_at_a_time(native: httpx.AsyncClient) -> None:
    wallet_id = await funded(native, "10.00")
    middle = datetime.now(UTC).isoformat()
    other = await opened(native)
    await waited(native, "/v1/transfers", transfer(wallet_id, other, "4"))
    after = datetime.now(UTC).isoformat()
    balances = [
        (await native.get(f"/v1/wallets/{wallet_id}", params={"at": at})).json()["balance"]
        for at in ("2020-01-01T00:00:00+03:00", middle, after)
    ]
    assert balances == ["0.00", "10.00", "6.00"]


async def test_a_frozen_wallet_takes_no_part(native: httpx.AsyncClient) -> None:
    frozen, other = await funded(native, "10.00"), await funded(native, "10.00")
    status, answer = await waited(native, f"/v1/wallets/{frozen}/freeze")
    assert (status, answer["wallet_status"]) == (201, "frozen")
    assert (await native.get(f"/v1/wallets/{frozen}")).json()["status"] == "frozen"
    for source, destination in ((frozen, other), (other, frozen)):
        status, answer = await waited(native, "/v1/transfers", transfer(source, destination, "1"))
        assert (status, answer["code"]) == (409, "wallet_frozen")
    await waited(native, f"/v1/wallets/{frozen}/unfreeze")
    status, _ = await waited(native, "/v1/transfers", transfer(frozen, other, "1"))
    assert status == 201


async def test_a_closed_wallet_takes_no_part_for_ever(native: httpx.AsyncClient) -> None:
    closed, other = await funded(native, "10.00"), await funded(native, "10.00")
    status, answer = await waited(native, f"/v1/wallets/{closed}/close")
    assert (status, answer["code"]) == (409, "wallet_not_empty")
    await waited(native, "/v1/transfers", transfer(closed, other, "10"))
    status, answer = await waited(native, f"/v1/wallets/{closed}/close")
    assert (status, answer["status"], answer["wallet_status"]) == (201, "applied", "closed")
    assert (await native.get(f"/v1/wallets/{closed}")).json()["status"] == "closed"
    for source, destination in ((closed, other), (other, closed)):
        status, answer = await waited(native, "/v1/transfers", transfer(source, destination, "1"))
        assert (status, answer["code"]) == (409, "wallet_closed")
    for verb in ("unfreeze", "freeze", "close"):
        status, answer = await waited(native, f"/v1/wallets/{closed}/{verb}")
        assert (status, answer["code"]) == (409, "wallet_closed")


async def test_an_adjustment_takes_money_too_but_not_below_zero(native: httpx.AsyncClient) -> None:
    wallet_id = await funded(native, "10.00")
    body = {"wallet_id": wallet_id, "amount": 3, "currency": "RUB"}
    body |= {"direction": "debit", "reason": "counted twice"}
    status, answer = await waited(native, "/v1/adjustments", body)
    assert (status, answer["balance"]) == (201, "7.00")
    status, answer = await waited(native, "/v1/adjustments", {**body, "amount": "7.01"})
    assert (status, answer["code"]) == (402, "insufficient_funds")
    assert await money(native, wallet_id) == ("7.00", "7.00", "0.00")


async def test_unknown_wallets(native: httpx.AsyncClient) -> None:
    for wallet_id in ("1", "0", "-1", "9" * 25):
        for path in (f"/v1/wallets/{wallet_id}", f"/v1/wallets/{wallet_id}/entries"):
            answer = await native.get(path)
            assert (answer.status_code, answer.json()["code"]) == (404, "wallet_not_found"), path
    answer = await native.post("/v1/wallets/1/freeze", headers=WAIT)
    assert (answer.status_code, answer.json()["code"]) == (404, "wallet_not_found")
