"""Every list as CSV: all of it, the same rows as the pages of JSON have."""

import csv
import io
from typing import Any

import httpx
import pytest

from payments.http import csv_answer, listing
from tests.architecture import routes
from tests.flows.native import funded, opened, transfer, waited


def _rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def _lists() -> list[str]:
    """Native lists without parameters in their path."""
    words = [line.split() for line in routes.PATH.read_text(encoding="utf-8").splitlines()]
    return [
        path
        for method, path, *declared in words
        if method == "GET" and path.startswith("/v1/") and "{" not in path
        if any("cursor," in word for word in declared)
    ]


@pytest.fixture
def _small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "ROWS_A_READ", 2)
    monkeypatch.setattr(csv_answer, "ROWS_A_READ", 2)


async def _all(http: httpx.AsyncClient, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await http.get(path, params={"cursor": cursor} if cursor else {})).json()
        items += page["items"]
        cursor = page["next_cursor"]
    return items


@pytest.mark.usefixtures("_small_reads")
async def test_all_rows_come_whatever_the_limit(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "10.00"), await opened(native, owner="=1+1")
    for _ in range(3):
        await waited(native, "/v1/transfers", transfer(a, b, "1") | {"description": "@x, y"})
    for path in ("/v1/wallets", f"/v1/wallets/{a}/entries", "/v1/transactions", "/v1/events"):
        for parameters, headers in (({"format": "csv"}, {}), ({}, {"Accept": "text/csv"})):
            answer = await native.get(path, params={"limit": 1, **parameters}, headers=headers)
            items, rows = await _all(native, path), _rows(answer)
            assert len(rows) == len(items) > 1, path
            same = ("wallet_id", "entry", "transaction_id", "sequence")
            assert [[str(i.get(n)) for n in same] for i in items] == [
                [str(r.get(n)) for n in same] for r in rows
            ]
    [wallet] = _rows(await native.get("/v1/wallets", params={"owner": "=1+1", "format": "csv"}))
    assert (wallet["owner"], wallet["balance"], wallet["metadata"]) == ("'=1+1", "3.00", "{}")
    entries = await native.get(f"/v1/wallets/{b}/entries", params={"format": "csv"})
    assert {row["description"] for row in _rows(entries)} == {"'@x, y"}
    name = entries.headers["content-disposition"]
    assert name.startswith(f'attachment; filename="wallets-{b}-entries-2')
    assert name.endswith('.csv"')


async def test_a_transaction_has_a_line_for_each_posting(native: httpx.AsyncClient) -> None:
    a, b = await funded(native, "10.00"), await opened(native)
    await waited(native, "/v1/accounts", {"name": "fees", "currency": "RUB"})
    postings = [
        {"source": f"wallet:{a}", "destination": end, "amount": amount, "currency": "RUB"}
        for end, amount in ((f"wallet:{b}", "4"), ("account:fees", "1"))
    ]
    await waited(native, "/v1/transactions", {"postings": postings, "reference": "order-17"})
    rows = _rows(
        await native.get("/v1/transactions", params={"reference": "order-17", "format": "csv"})
    )
    assert [(r["posting"], r["destination"], r["amount"], r["currency"]) for r in rows] == [
        ("1", f"wallet:{b}", "4.00", "RUB"),
        ("2", "account:fees", "1.00", "RUB"),
    ]
    assert len({r["transaction_id"] for r in rows}) == 1


async def test_each_list_has_its_columns(native: httpx.AsyncClient) -> None:
    assert len(_lists()) > 12
    for path in _lists():
        answer = await native.get(path, params={"format": "csv"})
        assert answer.text.split("\r\n")[0].count(",") > 2, path
        assert len(_rows(answer)) == len((await native.get(path)).json()["items"])


async def test_what_is_wrong_is_still_a_problem(native: httpx.AsyncClient) -> None:
    for path, parameters, status, code in (
        ("/v1/wallets/999/entries", {}, 404, "wallet_not_found"),
        ("/v1/wallets", {"cursor": "x"}, 422, "invalid_cursor"),
        ("/v1/wallets", {"format": "xlsx"}, 422, "invalid_query"),
        ("/v1/events", {"type": "?"}, 422, "invalid_query"),
    ):
        answer = await native.get(path, params=parameters, headers={"Accept": "text/csv"})
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["content-type"] == "application/problem+json"
