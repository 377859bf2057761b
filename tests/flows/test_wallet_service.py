"""Wallets of clients, from the POST to the money: handshakes, refusals, history, the books."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, eventually

WALLET, DEPOSIT = "/api/v1/wallet/", "/api/v1/wallet/deposit/"
TRANSACTION = "/api/v1/transaction/"


async def asked(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> str:
    """The handshake of a POST."""
    answer = await http.post(path, json=body)
    assert answer.status_code == 202, answer.text
    handshake: str = answer.json()["handshake_id"]
    return handshake


async def decided(http: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    """What a GET says once it is decided."""

    async def look() -> dict[str, Any] | None:
        answer = await http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found if found["status"] else None

    found = await eventually(look)
    assert found is not None
    return found


async def opened(http: httpx.AsyncClient, user_id: int, amount: Any = 100) -> int:
    """The number of a client's new wallet."""
    handshake = await asked(http, WALLET, {"user_id": user_id, "amount": amount})
    number: int = (await decided(http, WALLET, user_id=user_id, handshake_id=handshake))[
        "wallet_id"
    ]
    return number


async def test_undecided_is_not_unknown(client: httpx.AsyncClient, platform: Platform) -> None:
    await platform.stop_consumer()
    handshake = await asked(client, WALLET, {"user_id": 1, "amount": 1})
    mine: dict[str, Any] = {"user_id": 1, "handshake_id": handshake}
    for path in (WALLET, "/api/v1/wallet/async"):
        found = await client.get(path, params=mine)
        assert (found.status_code, found.json()["status"]) == (200, None)
        assert found.json()["handshake_id"] == handshake
        stranger = await client.get(path, params={**mine, "user_id": 2})
        assert (stranger.status_code, stranger.json()["code"]) == (404, "handshake_not_found")
        unknown = await client.get(path, params={**mine, "handshake_id": "0" * 64})
        assert unknown.status_code == 404
    assert (await client.get(TRANSACTION, params=mine)).status_code == 404
    await platform.start_consumer()
    assert (await decided(client, WALLET, **mine))["status"] == "active"
    assert (await client.get(WALLET, params={**mine, "user_id": 2})).status_code == 404
    assert (await client.get(TRANSACTION, params=mine)).status_code == 404
    assert (await client.get(WALLET, params={"handshake_id": handshake})).status_code == 404


async def test_one_wallet_a_client_however_many_ask(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    body = {"user_id": 5, "amount": "10.00"}
    handshakes = await asyncio.gather(*(asked(client, WALLET, body) for _ in range(30)))
    assert len(set(handshakes)) == 30
    found = [await decided(client, WALLET, user_id=5, handshake_id=h) for h in handshakes]
    assert sorted(f["status"] for f in found) == ["active"] + ["rejected"] * 29
    assert await platform.value("SELECT count(*) FROM client_wallets") == 1
    assert (await client.get(WALLET, params={"user_id": 5})).json()["amount"] == 10.0
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_key_makes_a_repeat_harmless(client: httpx.AsyncClient, platform: Platform) -> None:
    source, destination = await opened(client, 1), await opened(client, 2)
    body = {"user_id": 1, "source_wallet_id": source, "dest_wallet_id": destination}
    once = {"Idempotency-Key": "8b0c6d0e-2d3c-4a55-8f3b-1b5d4ad0c111"}
    answers = [
        await client.post(TRANSACTION, json=body | {"trans_sum": 1}, headers=once) for _ in range(3)
    ]
    handshakes = {a.json()["handshake_id"] for a in answers}
    assert len(handshakes) == 1
    await decided(client, TRANSACTION, user_id=1, handshake_id=handshakes.pop())
    other = await client.post(TRANSACTION, json=body | {"trans_sum": 2}, headers=once)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert (await client.get(WALLET, params={"wallet_id": source})).json()["amount"] == 99.0
    assert await platform.value("SELECT count(*) FROM client_transfers") == 1


async def test_transfers_never_overdraw_and_all_are_on_record(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    source, destination = await opened(client, 1, 10), await opened(client, 2, 1)
    body = {"user_id": 1, "source_wallet_id": source, "dest_wallet_id": destination}
    handshakes = await asyncio.gather(
        *(asked(client, TRANSACTION, body | {"trans_sum": 3}) for _ in range(8))
    )
    found = [await decided(client, TRANSACTION, user_id=1, handshake_id=h) for h in handshakes]
    assert sorted(f["status"] for f in found) == ["processed"] * 3 + ["rejected"] * 5
    assert len({f["transaction_id"] for f in found}) == 8
    refused = "SELECT count(*) FROM client_transfers WHERE reason = 'insufficient_funds'"
    assert await platform.value(refused) == 5
    assert (await client.get(WALLET, params={"wallet_id": source})).json()["amount"] == 1.0
    assert (await client.get(WALLET, params={"wallet_id": destination})).json()["amount"] == 10.0
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_deposit_and_history(client: httpx.AsyncClient, platform: Platform) -> None:
    number, other = await opened(client, 1, "0.50"), await opened(client, 2, 10)
    handshake = await asked(client, DEPOSIT, {"wallet_id": number, "amount": 99.5})
    found = await decided(client, WALLET, handshake_id=handshake)
    assert (found["status"], found["wallet_id"], found["amount"]) == ("active", number, 100.0)
    assert await decided(client, WALLET, handshake_id=handshake, user_id=1) == found
    foreign = await client.get(WALLET, params={"handshake_id": handshake, "user_id": 2})
    assert foreign.status_code == 404
    body = {"user_id": 1, "source_wallet_id": number, "dest_wallet_id": other, "trans_sum": 40}
    sent = await asked(client, TRANSACTION, body)
    await decided(client, TRANSACTION, user_id=1, handshake_id=sent)
    path = f"/api/v1/wallet/history/?wallet_id={number}"
    items = (await client.get(path)).json()["items"]
    assert [(i["amount"], i["balance"]) for i in items] == [(-40, 60), (99.5, 100), (0.5, 0.5)]
    page = (await client.get(f"{path}&limit=2")).json()
    assert page["items"] == items[:2]
    rest = (await client.get(f"{path}&limit=2&cursor={page['next_cursor']}")).json()
    assert (rest["items"], rest["next_cursor"]) == (items[2:], None)
    assert (await client.get(f"{path}&user_id=2")).status_code == 404
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("S7")
async def test_zero_opens_an_empty_wallet(client: httpx.AsyncClient) -> None:
    """As a missing amount does; a deposit or a transfer of nothing is still no request."""
    amounts: list[Any] = [0, "0", "0.00", 0.0, None]
    numbers = [await opened(client, user_id, a) for user_id, a in enumerate(amounts, 1)]
    for number in numbers:
        assert (await client.get(WALLET, params={"wallet_id": number})).json()["amount"] == 0.0
    for path, body in (
        (DEPOSIT, {"wallet_id": numbers[0], "amount": 0}),
        (
            TRANSACTION,
            {
                "user_id": 1,
                "source_wallet_id": numbers[0],
                "dest_wallet_id": numbers[1],
                "trans_sum": 0,
            },
        ),
    ):
        answer = await client.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_amount")


@pytest.mark.case("S11")
async def test_both_sides_of_a_transaction_see_its_number_and_the_other_wallet(
    client: httpx.AsyncClient,
) -> None:
    source, destination = await opened(client, 1), await opened(client, 2)
    body = {
        "user_id": 1,
        "source_wallet_id": source,
        "dest_wallet_id": destination,
        "trans_sum": 40,
    }
    sent = await asked(client, TRANSACTION, body)
    number = (await decided(client, TRANSACTION, user_id=1, handshake_id=sent))["transaction_id"]
    for wallet, other, amount in ((source, destination, -40), (destination, source, 40)):
        path = f"/api/v1/wallet/history/?wallet_id={wallet}"
        moved, opening = (await client.get(path)).json()["items"]
        assert (moved["amount"], moved["transaction_id"]) == (amount, number)
        assert moved["counterparty"] == f"wallet:{other}"
        assert (opening["transaction_id"], opening["counterparty"]) == (None, "system:opening")


@pytest.mark.case("S2")
async def test_a_post_may_wait(client: httpx.AsyncClient, platform: Platform) -> None:
    """With `Prefer: wait=N`: 201 as the GET says it, or the refusal; in time or not at all."""
    wait = {"Prefer": "wait=30"}
    first, second = [
        await client.post(WALLET, json={"user_id": user_id, "amount": 100}, headers=wait)
        for user_id in (1, 2)
    ]
    assert first.status_code == 201
    assert (first.json()["status"], first.json()["amount"]) == ("active", 100.0)
    assert first.headers["preference-applied"] == "wait"
    handshake = first.json()["handshake_id"]
    asked_for = {"user_id": 1, "handshake_id": handshake}
    assert (await client.get(WALLET, params=asked_for)).json() == first.json()
    again = await client.post(WALLET, json={"user_id": 1}, headers=wait)
    assert (again.status_code, again.json()["code"]) == (409, "user_already_has_wallet")
    assert again.json()["handshake_id"] != handshake
    number, other = first.json()["wallet_id"], second.json()["wallet_id"]
    paid = await client.post(DEPOSIT, json={"wallet_id": number, "amount": 1}, headers=wait)
    assert (paid.status_code, paid.json()["amount"]) == (201, 101.0)
    body = {"user_id": 1, "source_wallet_id": number, "dest_wallet_id": other, "trans_sum": 101}
    moved = await client.post(TRANSACTION, json=body, headers=wait)
    assert (moved.status_code, moved.json()["status"]) == (201, "processed")
    poor = await client.post(TRANSACTION, json=body, headers=wait)
    assert (poor.status_code, poor.json()["code"]) == (402, "insufficient_funds")
    await platform.stop_consumer()
    late = await client.post(WALLET, json={"user_id": 3}, headers={"Prefer": "wait=1"})
    assert (late.status_code, late.json()["status"]) == (202, None)
    await platform.start_consumer()


async def test_only_a_clients_wallet_takes_a_deposit(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    handshake = await asked(client, DEPOSIT, {"wallet_id": 12345, "amount": 1})
    found = await decided(client, WALLET, handshake_id=handshake)
    assert (found["status"], found["info"]) == ("rejected", {"msg": "wallet not found"})
    assert await platform.value("SELECT count(*) FROM entries") == 0


async def test_amounts_are_read_in_the_wallets_currency(client: httpx.AsyncClient) -> None:
    handshake = await asked(client, WALLET, {"user_id": 1, "amount": 5000, "currency": "jpy"})
    found = await decided(client, WALLET, user_id=1, handshake_id=handshake)
    assert (found["amount"], found["currency"]) == (5000.0, "jpy")
    number = found["wallet_id"]
    half = await client.post(DEPOSIT, json={"wallet_id": number, "amount": 0.5})
    assert (half.status_code, half.json()["code"]) == (422, "invalid_amount")
    dollars = await opened(client, 2)
    body = {"user_id": 2, "source_wallet_id": dollars, "dest_wallet_id": number, "trans_sum": 1}
    sent = await asked(client, TRANSACTION, body)
    refused = await decided(client, TRANSACTION, user_id=2, handshake_id=sent)
    assert refused["info"] == {"msg": "currency mismatch"}


async def test_an_empty_wallet(client: httpx.AsyncClient) -> None:
    handshake = await asked(client, WALLET, {"user_id": 1})
    found = await decided(client, WALLET, user_id=1, handshake_id=handshake)
    assert (found["status"], found["amount"]) == ("active", 0.0)
