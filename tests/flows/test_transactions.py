"""Transactions of any shape: several postings, all or nothing, found again."""

from typing import Any

import httpx
import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.flows.native import WAIT, funded, money, opened, transfer, waited


def posting(source: Any, destination: Any, amount: str, currency: str = "RUB") -> dict[str, Any]:
    """A posting; a number is a wallet."""
    ends = {"source": source, "destination": destination}
    addresses = {k: f"wallet:{v}" if isinstance(v, int) else v for k, v in ends.items()}
    return {**addresses, "amount": amount, "currency": currency}


async def account(
    http: httpx.AsyncClient, name: str, currency: str = "RUB", *, allow_negative: bool = False
) -> str:
    """The address of a new house account."""
    body = {"name": name, "currency": currency, "allow_negative": allow_negative}
    status, answer = await waited(http, "/v1/accounts", body)
    assert (status, answer["balance"]) == (201, "0.00"), answer
    return f"account:{name}"


async def listed(http: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    """The transactions that a list answers."""
    answer = await http.get("/v1/transactions", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_a_split_with_a_fee(native: httpx.AsyncClient) -> None:
    buyer, seller = await funded(native, "100.00"), await opened(native)
    fees = await account(native, "fees")
    body = {
        "postings": [posting(buyer, seller, "95.00"), posting(buyer, fees, "5")],
        "reference": "order-17",
        "description": "a chair",
        "metadata": {"order": "17", "lines": 1.50},
    }
    status, made = await waited(native, "/v1/transactions", body)
    assert status == 201, made
    assert made["reference"] == "order-17"
    assert made["postings"][1] == posting(buyer, fees, "5.00")
    assert await money(native, buyer) == ("0.00", "0.00", "0.00")
    assert (await native.get("/v1/accounts/fees")).json()["balance"] == "5.00"
    found = (await native.get(f"/v1/transactions/{made['transaction_id']}")).json()
    by_operation = (await native.get(f"/v1/transactions/{made['operation_id']}")).json()
    assert found == by_operation
    assert found["kind"] == "transaction.create"
    assert found["postings"] == made["postings"]
    assert (found["description"], found["metadata"]) == ("a chair", {"order": "17", "lines": 1.5})
    assert (found["reversed"], found["reversal_of"], found["effective_at"]) == (False, None, None)


async def test_guards_look_at_the_sum(native: httpx.AsyncClient) -> None:
    first, empty, last = await funded(native, "10.00"), await opened(native), await opened(native)
    for postings in (
        [posting(first, empty, "4"), posting(empty, last, "4")],
        [posting(empty, last, "4"), posting(first, empty, "4")],
    ):
        status, answer = await waited(native, "/v1/transactions", {"postings": postings})
        assert status == 201, answer
    assert await money(native, last) == ("8.00", "8.00", "0.00")
    short = [posting(first, empty, "1"), posting(empty, last, "1.01")]
    status, answer = await waited(native, "/v1/transactions", {"postings": short})
    assert (status, answer["code"]) == (402, "insufficient_funds")
    assert [(e["index"], e["field"]) for e in answer["errors"]] == [(1, "postings[1].source")]
    assert await money(native, first) == ("2.00", "2.00", "0.00")


async def test_an_exchange_through_an_account(native: httpx.AsyncClient) -> None:
    rub, usd = await funded(native, "900.00"), await opened(native, "USD")
    await account(native, "fx", "RUB")
    await account(native, "fx", "USD", allow_negative=True)
    body = {
        "postings": [
            posting(rub, "account:fx", "900.00"),
            posting("account:fx", usd, "10.00", "USD"),
        ]
    }
    status, made = await waited(native, "/v1/transactions", body)
    assert status == 201, made
    assert await money(native, usd) == ("10.00", "10.00", "0.00")
    answer = await native.get("/v1/accounts/fx", params={"currency": "usd"})
    assert answer.json()["balance"] == "-10.00"
    assert (await native.get("/v1/accounts/fx")).json()["code"] == "currency_needed"
    for filters in (
        {"currency": "USD"},
        {"account": "fx"},
        {"account": "account:fx", "currency": "USD"},
    ):
        assert [t["transaction_id"] for t in await listed(native, **filters)] == [
            made["transaction_id"]
        ], filters


async def test_every_bad_posting_is_named(native: httpx.AsyncClient) -> None:
    source, other = await funded(native, "10.00"), await opened(native, "USD")
    cases: list[tuple[list[dict[str, Any]], int, str, list[int]]] = [
        (
            [posting(source, 10**9, "1"), posting(source, 10**9 + 1, "1")],
            404,
            "wallet_not_found",
            [0, 1],
        ),
        ([posting(source, "account:none", "1")], 404, "account_not_found", [0]),
        ([posting(source, other, "1")], 409, "currency_mismatch", [0]),
        ([posting(source, source, "1")], 422, "same_account", [0]),
        ([posting(source, "bank:1", "1")], 422, "invalid_body", [0]),
        ([posting(source, 2, "1"), posting(source, 2, "1.001")], 422, "invalid_amount", [1]),
        ([posting(source, 2, "1"), posting(source, 2, "1.00")], 422, "repeated_posting", [1]),
        ([posting(source, 2, "1", "XXQ")], 422, "invalid_currency", [0]),
    ]
    whole = posting(source, 2, "1")
    for missing in whole:
        lacking = {name: value for name, value in whole.items() if name != missing}
        cases.append(([whole, lacking], 422, "invalid_body", [1]))
    cases += [
        ([whole, {**whole, "fee": 1}], 422, "invalid_body", [1]),
        ([whole, {**whole, "source": 7}], 422, "invalid_body", [1]),
        ([whole, {**whole, "source": "wallet:1\0"}], 422, "invalid_body", [1]),
    ]
    for postings, status, code, indexes in cases:
        got, answer = await waited(native, "/v1/transactions", {"postings": postings})
        assert (got, answer["code"]) == (status, code), answer
        assert [e["index"] for e in answer["errors"]] == indexes
    bodies: list[dict[str, Any]] = [
        {"postings": []},
        {"postings": [posting(source, 2, str(n + 1)) for n in range(101)]},
        {"postings": [posting(source, 2, "1")], "reference": "x" * 129},
    ]
    for body in bodies:
        got, answer = await waited(native, "/v1/transactions", body)
        assert (got, answer["code"]) == (422, "invalid_body"), answer
    later = {"postings": [posting(source, 2, "1")], "effective_at": "2099-01-01T00:00:00Z"}
    got, answer = await waited(native, "/v1/transactions", later)
    assert (got, answer["code"]) == (422, "invalid_effective_at")
    assert await money(native, source) == ("10.00", "10.00", "0.00")


async def test_house_accounts_need_a_scope(native: httpx.AsyncClient, platform: Platform) -> None:
    wallet = await funded(native, "10.00")
    await account(native, "fees")
    await account(native, "tips")
    keys = await api_key(platform, "transfers:write", "accounts:fees", client="partner")
    answers = [
        await native.post(
            "/v1/transactions",
            json={"postings": [posting(wallet, f"account:{name}", "1")]},
            headers={**WAIT, **keys},
        )
        for name in ("fees", "tips")
    ]
    assert [a.status_code for a in answers] == [201, 403]
    assert answers[1].json()["scope"] == "accounts:tips"
    assert [t["client"] for t in await listed(native, client="partner")] == ["partner"]


async def test_everything_that_moved_money_is_found(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    _, moved = await waited(
        native, "/v1/transfers", transfer(source, destination, "2.5") | {"description": "lunch"}
    )
    _, hold = await waited(
        native, "/v1/holds", {"wallet_id": source, "amount": "3", "currency": "RUB"}
    )
    path = f"/v1/holds/{hold['hold_id']}/capture"
    await waited(native, path, {"destination_wallet_id": destination, "amount": "1"})
    kinds = [t["kind"] for t in await listed(native, wallet_id=source)]
    assert kinds == ["hold.capture", "transfer.create", "wallet.adjust"]
    assert [t["kind"] for t in await listed(native, wallet_id=destination)] == kinds[:2]
    found = (await native.get(f"/v1/transactions/{moved['transfer_id']}")).json()
    assert found["description"] == "lunch"
    assert found["postings"] == [posting(source, destination, "2.50")]
    assert [t["kind"] for t in await listed(native, account="system:opening")] == kinds[2:]
    assert (await listed(native, kind="hold.capture"))[0]["postings"][0]["amount"] == "1.00"


@pytest.mark.parametrize("by", ["time", "account"])
async def test_pages_go_on_where_they_ended(native: httpx.AsyncClient, by: str) -> None:
    source, destination = await funded(native, "10.00"), await opened(native)
    for _ in range(4):
        await waited(native, "/v1/transfers", transfer(source, destination, "1"))
    filters: dict[str, Any] = {"limit": 2} if by == "time" else {"limit": 2, "wallet_id": source}
    seen: list[str] = []
    while True:
        page = (await native.get("/v1/transactions", params=filters)).json()
        seen += [t["transaction_id"] for t in page["items"]]
        if page["next_cursor"] is None:
            break
        filters["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 5
    wrong = {**filters, "wallet_id": source} if by == "time" else {"cursor": filters["cursor"]}
    assert (await native.get("/v1/transactions", params=wrong)).json()["code"] == "invalid_cursor"


async def test_filters(native: httpx.AsyncClient) -> None:
    source, destination = await funded(native, "100.00"), await opened(native)
    made = {}
    for number, amount in ((1, "1.50"), (2, "20"), (3, "30.01")):
        body = {
            "postings": [
                posting(source, destination, amount),
                posting(source, destination, "0.01"),
            ],
            "reference": f"order-{number}",
            "metadata": {"number": number, "shop": "north" if number > 1 else "south"},
        }
        _, answer = await waited(native, "/v1/transactions", body)
        made[answer["transaction_id"]] = number
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"reference": "order-2"}, [2]),
        ({"metadata.shop": "north"}, [3, 2]),
        ({"metadata.number": "3"}, [3]),
        ({"metadata.shop": "north", "metadata.number": "2"}, [2]),
        ({"min_amount": "20", "max_amount": "30", "kind": "transaction.create"}, [2]),
        ({"min_amount": "30.01", "kind": "transaction.create"}, [3]),
        ({"max_amount": "0.01"}, [3, 2, 1]),
        ({"currency": "RUB", "kind": "transaction.create"}, [3, 2, 1]),
        ({"from": "2099-01-01T00:00:00Z"}, []),
        ({"to": "2001-01-01T00:00:00Z"}, []),
        ({"from": "2001-01-01T00:00:00Z", "reference": "order-1"}, [1]),
        ({"client": "nobody"}, []),
    ]
    for filters, numbers in cases:
        found = [made[t["transaction_id"]] for t in await listed(native, **filters)]
        assert found == numbers, filters
    for wrong in (
        {"min_amount": "1e3"},
        {"nothing": "1"},
        {"from": "yesterday"},
        {"account": "a b"},
    ):
        assert (await native.get("/v1/transactions", params=wrong)).status_code == 422, wrong


@pytest.mark.case("R5")
async def test_a_field_given_twice_in_a_posting_is_refused(native: httpx.AsyncClient) -> None:
    buyer, seller = await funded(native, "100.00"), await opened(native)
    for twice in ('"amount":"1","amount":"9"', '"amount":"1","\\u0061mount":"9"'):
        ends = f'"source":"wallet:{buyer}","destination":"wallet:{seller}"'
        body = f'{{"postings":[{{{ends},"currency":"RUB",{twice}}}]}}'
        headers = {**WAIT, "Content-Type": "application/json"}
        answer = await native.post("/v1/transactions", content=body, headers=headers)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["field"]) == (422, "postings[0].amount")
        assert error["index"] == 0
    assert await money(native, buyer) == ("100.00", "100.00", "0.00")


async def test_a_transfer_reversed_as_a_transaction_is_in_order(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    buyer, seller = await funded(native, "100.00"), await opened(native)
    _, made = await waited(native, "/v1/transfers", transfer(buyer, seller, "3.00"))
    status, back = await waited(native, f"/v1/transactions/{made['transfer_id']}/reverse", {})
    assert (status, back["reversal_of"]) == (201, made["transfer_id"])
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_transaction_with_metadata_is_reversed_and_keeps_it(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    payer, payee = await funded(native, "100.00"), await opened(native)
    body = {"postings": [posting(payer, payee, "30.00")], "metadata": {"order": "17", "sum": 1.50}}
    _, made = await waited(native, "/v1/transactions", body)
    status, answer = await waited(native, f"/v1/transactions/{made['transaction_id']}/reverse")
    assert status == 201, answer
    assert (await money(native, payer))[0] == "100.00"
    text = "SELECT metadata::text FROM transactions WHERE reversed_by IS NOT NULL"
    assert await platform.value(text) == '{"order":"17","sum":1.5}'
    assert await platform.value("SELECT count(*) FROM dead_letters") == 0
    await assert_invariants(platform.database_url, platform.redis_url)
