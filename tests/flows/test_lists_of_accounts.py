"""Lists of several accounts and of few transactions say the same however they are read."""

from typing import Any

import httpx
import pytest

from payments.http.lists import encode_cursor
from payments.reads import rare
from tests.flows.native import funded, transfer, waited

TRANSACTIONS = "/v1/transactions"


async def paged(http: httpx.AsyncClient, path: str, limit: int, **query: Any) -> list[Any]:
    """All items, a small page at a time."""
    items: list[Any] = []
    cursor = None
    while True:
        params = {**query, "limit": limit, **({"cursor": cursor} if cursor else {})}
        answer = await http.get(path, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


@pytest.fixture(params=[0, rare.FEW], ids=["walked", "found"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """None are few, and all are: both ways of reading answer the same."""
    monkeypatch.setattr(rare, "FEW", request.param)


async def exchanges(http: httpx.AsyncClient) -> tuple[int, list[str]]:
    """A wallet, and transactions of accounts of one name in two currencies, newest first."""
    roubles, dollars = await funded(http, "100.00"), await funded(http, "100.00", "USD")
    for currency in ("RUB", "USD"):
        await waited(http, "/v1/accounts", {"name": "spread", "currency": currency})
    rub = {"source": f"wallet:{roubles}", "destination": "account:spread", "currency": "RUB"}
    usd = {"source": f"wallet:{dollars}", "destination": "account:spread", "currency": "USD"}
    made = []
    for number, postings in enumerate(([rub], [rub, usd], [usd], [usd, rub], [rub])):
        body = {
            "postings": [{**p, "amount": f"{n + 1}.00"} for n, p in enumerate(postings)],
            "reference": "odd" if number % 2 else "even",
        }
        status, document = await waited(http, TRANSACTIONS, body)
        assert status == 201, document
        made.append(document["transaction_id"])
        await waited(http, "/v1/transfers", transfer(roubles, 99, "1"))
    return roubles, made[::-1]


@pytest.mark.usefixtures("few")
async def test_an_account_in_two_currencies(native: httpx.AsyncClient) -> None:
    _, made = await exchanges(native)
    for limit in (1, 2, 50):
        listed = await paged(native, TRANSACTIONS, limit, account="account:spread")
        assert [t["transaction_id"] for t in listed] == made
        odd = await paged(native, TRANSACTIONS, limit, account="account:spread", reference="odd")
        assert [t["transaction_id"] for t in odd] == made[1::2]
        rub = await paged(native, TRANSACTIONS, limit, currency="RUB")
        usd = await paged(native, TRANSACTIONS, limit, currency="USD")
        assert [t["transaction_id"] for t in usd if t["reference"]] == made[1:4]
        assert [t["transaction_id"] for t in rub if t["reference"]] == [*made[:2], *made[3:]]
        two = await paged(native, TRANSACTIONS, limit, min_amount="2", max_amount="2")
        assert [t["transaction_id"] for t in two] == [made[1], made[3]]


@pytest.mark.usefixtures("few")
async def test_entries_of_a_reference(native: httpx.AsyncClient) -> None:
    wallet, made = await exchanges(native)
    path = f"/v1/wallets/{wallet}/entries"
    every = await paged(native, path, 50)
    for limit in (1, 50):
        for reference, ids in (("odd", made[1::2]), ("even", [made[0], made[4]]), ("none", [])):
            listed = await paged(native, path, limit, reference=reference)
            assert [e["transaction_id"] for e in listed] == ids
        kinds = await paged(native, path, limit, kind="transaction.create", reference="odd")
        assert [e["transaction_id"] for e in kinds] == made[1::2]
        since, until = every[3]["created_at"], every[1]["created_at"]
        some = await paged(native, path, limit, **{"from": since, "to": until})
        assert [e["entry"] for e in some] == [e["entry"] for e in every[2:4]]


@pytest.mark.parametrize("seqs", [[[5, 1]], [[0, 2**63]], [[0, -(2**63) - 1]]])
async def test_forged_cursors(native: httpx.AsyncClient, seqs: list[list[int]]) -> None:
    cursor = encode_cursor([None, None, seqs])
    for params in ({}, {"wallet_id": "1"}, {"account": "account:none"}):
        answer = await native.get(TRANSACTIONS, params={**params, "cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")
