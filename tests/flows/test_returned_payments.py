"""Payments that the bank returns, payments in suspense that get an owner, money paid out."""

from typing import Any

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.statement_files import Row, onec
from tests.flows.native import WAIT, money, opened
from tests.flows.test_statements import INN, balance, breaks, load, webhook

DAY = "2026-11-25T21:00:00Z"
"""The 26th in Moscow, the day of the statements."""


@pytest.fixture
async def key(platform: Platform) -> dict[str, str]:
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    return await api_key(platform)


async def payments(client: httpx.AsyncClient, key: dict[str, str], state: str) -> Any:
    answer = await client.get("/v1/bank-payments", headers=key, params={"state": state})
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def reverse(client: httpx.AsyncClient, key: dict[str, str], payment_id: str) -> Any:
    path = f"/v1/bank-payments/{payment_id}/reverse"
    return await client.post(path, headers=key | WAIT, json={"reason": "account closed"})


async def spend(client: httpx.AsyncClient, key: dict[str, str], amount: str) -> Any:
    client.headers.update(key)
    wallet = await opened(client)
    body = {"wallet_id": wallet, "amount": amount, "description": "for a payout"}
    answer = await client.post(f"/v1/organizations/{INN}/transfers", json=body, headers=WAIT)
    assert answer.status_code == 201, answer.text
    assert await money(client, wallet) == (amount, amount, "0.00")
    return answer.json()


async def test_a_returned_payment_is_taken_from_its_organization_once(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await webhook(client, document_date=DAY)
    [payment] = await payments(client, key, "matched")
    answer = await reverse(client, key, payment["payment_id"])
    assert answer.status_code == 201, answer.text
    assert answer.json()["taken_from"] == "organization"
    assert await balance(client) == 0
    [shown] = await payments(client, key, "reversed")
    assert (shown["inn"], shown["reversal"]["reason"]) == (INN, "account closed")
    again = await reverse(client, key, payment["payment_id"])
    assert (again.status_code, again.json()["code"]) == (409, "payment_reversed")
    entries = (await client.get(f"/v1/organizations/{INN}/entries", headers=key)).json()["items"]
    assert [(e["cause"], e["before"], e["after"]) for e in entries] == [
        ("reversal", "145000.00", "0.00"),
        ("payment", "0.00", "145000.00"),
    ]
    rows: list[Row] = [("328", 14_500_000, INN, "a"), ("9", -14_500_000, INN, "Возврат п/п 328")]
    loaded = (await load(client, key, onec(rows))).json()
    assert (loaded["matched"], loaded["unmatched"], loaded["undecided"]) == (2, 0, 0)
    assert await platform.value("SELECT sum(amount) FROM entries WHERE account_id >> 56 = 65") == 0
    assert await breaks(client, key) == []
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_what_the_organization_has_spent_is_paid_by_suspense(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await webhook(client)
    spent = await spend(client, key, "145000.00")
    assert spent["organization_balance"] == "0.00"
    [payment] = await payments(client, key, "matched")
    answer = await reverse(client, key, payment["payment_id"])
    assert answer.json()["taken_from"] == "suspense", answer.text
    assert await breaks(client, key) == [("returned_spent", "145000.00")]
    assert await balance(client) == 0
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.parametrize("is_webhook_first", [True, False])
async def test_a_return_in_the_statement_reverses_the_payment(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str], *, is_webhook_first: bool
) -> None:
    if is_webhook_first:
        await webhook(client, document_date=DAY)
    first: list[Row] = [("328", 14_500_000, INN, "a")]
    await load(client, key, onec(first))
    assert await balance(client) == 145000
    rows: list[Row] = [("9", -14_500_000, INN, "Возврат по п/п № 328 от 26.11.2026")]
    later = onec(rows, day="27.11.2026", opening=15_500_000)
    loaded = (await load(client, key, later)).json()
    assert (loaded["matched"], loaded["unmatched"]) == (1, 0), loaded
    assert await balance(client) == 0
    [payment] = await payments(client, key, "reversed")
    assert payment["reversal"]["taken_from"] == "organization"
    assert await breaks(client, key) == []
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_payment_in_suspense_is_assigned_by_two_and_its_break_ends(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    loaded = (await load(client, key, onec([("15", 100_000, "0", "loan")]))).json()
    assert await breaks(client, key) == [("missing_in_ledger", "1000.00")]
    [payment] = await payments(client, key, "unmatched")
    path = f"/v1/bank-payments/{payment['payment_id']}/assign"
    body = {"inn": INN, "reason": "the payer's letter"}
    second = await api_key(platform, client="second")
    for person, status in ((key, "proposed"), (second, "done")):
        answer = await client.post(path, json=body, headers=person | WAIT)
        assert answer.json()["assignment_status"] == status, answer.text
    assert await balance(client) == 1000
    assert await breaks(client, key) == []
    assert await breaks(client, key, "resolved") == [("missing_in_ledger", "1000.00")]
    after = await client.get(f"/v1/statements/{loaded['statement_id']}", headers=key)
    assert (after.json()["matched"], after.json()["unmatched"], after.json()["breaks"]) == (1, 0, 0)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_payment_in_suspense_that_is_returned_leaves_suspense(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    rows: list[Row] = [("15", 100_000, "0", "loan"), ("9", -100_000, "0", "Возврат 15: ошибка")]
    loaded = (await load(client, key, onec(rows))).json()
    assert loaded["undecided"] == 0
    assert await breaks(client, key) == []
    assert await platform.value("SELECT sum(amount) FROM entries WHERE account_id >> 56 = 66") == 0
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_an_organization_pays_out_no_more_than_it_has(
    client: httpx.AsyncClient, platform: Platform, key: dict[str, str]
) -> None:
    await webhook(client)
    await spend(client, key, "144999.99")
    wallet = await opened(client)
    body = {"wallet_id": wallet, "amount": "0.02"}
    path = f"/v1/organizations/{INN}/transfers"
    refused = await client.post(path, json=body, headers=WAIT)
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_funds")
    unknown = await client.post("/v1/organizations/7707083893/transfers", json=body, headers=WAIT)
    assert unknown.status_code == 404
    dollars = await opened(client, "USD")
    answer = await client.post(path, json=body | {"wallet_id": dollars}, headers=WAIT)
    assert (answer.status_code, answer.json()["code"]) == (409, "currency_mismatch")
    entries = (await client.get(f"/v1/organizations/{INN}/entries")).json()["items"]
    assert [(e["cause"], e["amount"]) for e in entries] == [
        ("transfer", "-144999.99"),
        ("payment", "145000.00"),
    ]
    await assert_invariants(platform.database_url, platform.redis_url)
