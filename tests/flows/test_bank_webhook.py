"""Money the bank tells us of: once however often it is told, and to whom it belongs."""

import asyncio
from typing import Any

import httpx

from payments.bankpayments.matching import submit_matches
from payments.bankpayments.queries import unmatched_payments
from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from payments_tools.demo.organizations import seed_organizations
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually

WEBHOOK, WAIT = "/api/webhook/bank/", {"Prefer": "wait=30"}
COPIES = 100


def payment(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A webhook's body."""
    return {
        "operation_id": f"ccf0a86d-041b-4991-bcf7-{number:012d}",
        "amount": 145000,
        "payer_inn": "1234567890",
        "document_number": "PAY-328",
        "document_date": "2024-04-27T21:00:00Z",
        **changes,
    }


async def balance(http: httpx.AsyncClient, inn: str = "1234567890") -> Any:
    """What the organization has."""
    answer = await http.get(f"/api/organizations/{inn}/balance/")
    assert answer.status_code == 200, answer.text
    return answer.json()["balance"]


async def test_a_hundred_copies_credit_once(client: httpx.AsyncClient, platform: Platform) -> None:
    await seed_organizations(platform.engine, utc_now)
    answers = await asyncio.gather(
        *(client.post(WEBHOOK, json=payment(), headers=WAIT) for _ in range(COPIES))
    )
    assert {a.status_code for a in answers} == {200}
    assert {a.json()["status"] for a in answers} <= {"accepted", "duplicate"}
    await platform.settled()
    assert await balance(client) == 145000
    for table in ("organization_payments", "organization_balance_changes", "operations"):
        assert await platform.value(f"SELECT count(*) FROM {table}") == 1
    assert await platform.value("SELECT count(*) FROM operation_conflicts") == 0
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_other_content_is_recorded_and_never_applied(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await seed_organizations(platform.engine, utc_now)
    assert (await client.post(WEBHOOK, json=payment(), headers=WAIT)).status_code == 200
    for changes in ({"amount": 145001}, {"payer_inn": "123456789012"}, {"document_number": "X"}):
        for headers in ({}, WAIT):
            answer = await client.post(WEBHOOK, json=payment(**changes), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (409, "operation_conflict")
    await platform.settled()
    assert await balance(client) == 145000
    assert await platform.value("SELECT count(*) FROM operation_conflicts") == 3
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_conflict_before_the_decision_is_recorded_too(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await seed_organizations(platform.engine, utc_now)
    await platform.stop_consumer()
    first = await client.post(WEBHOOK, json=payment())
    assert first.json() == {"status": "accepted"}
    assert (await client.post(WEBHOOK, json=payment())).json() == {"status": "duplicate"}
    # Another INN may be another partition, with another marker: accepted then, but never applied.
    for changes in ({"amount": 1}, {"payer_inn": "123456789012"}):
        answer = await client.post(WEBHOOK, json=payment(**changes))
        assert answer.status_code in {200, 409}
    await platform.start_consumer()
    await platform.settled()
    rows = await platform.value("SELECT count(*) FROM organization_payments")
    conflicts = await platform.value("SELECT count(*) FROM operation_conflicts")
    assert (rows, conflicts) == (1, 2)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_many_payments_add_up_and_every_change_is_logged(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    await seed_organizations(platform.engine, utc_now)
    bodies = [payment(n, amount=f"{n}.01") for n in range(1, 41)]
    await asyncio.gather(*(client.post(WEBHOOK, json=b, headers=WAIT) for b in bodies * 2))
    await platform.settled()
    assert await balance(client) == 820.4
    async with platform.connection() as connection:
        rows = await connection.fetch(
            "SELECT before_minor, after_minor FROM organization_balance_changes ORDER BY 1"
        )
    assert len(rows) == 40
    assert [r["before_minor"] for r in rows[1:]] == [r["after_minor"] for r in rows[:-1]]
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_an_unknown_inn_waits_for_its_organization(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    inn = "123456789012"
    for number in (1, 2):
        body = payment(number, payer_inn=inn, amount=10)
        assert (await client.post(WEBHOOK, json=body, headers=WAIT)).status_code == 200
    assert (await client.get(f"/api/organizations/{inn}/balance/")).status_code == 404
    suspense = "SELECT credits_posted - debits_posted FROM accounts WHERE code = 'suspense:RUB'"
    assert await platform.value(suspense) == 2000
    key = await api_key(platform)
    added = await client.post(
        "/v1/organizations", json={"inn": inn, "name": "ИП Иванов"}, headers={**key, **WAIT}
    )
    assert (added.status_code, added.json()["balance"]) == (201, "20.00")
    assert await balance(client, inn) == 20
    assert await platform.value(suspense) == 0
    left = "SELECT count(*) FROM organization_payments WHERE status = 'unmatched'"
    assert await platform.value(left) == 0
    taken = await client.post("/v1/organizations", json={"inn": inn, "name": "x"}, headers=key)
    assert (taken.status_code, taken.json()["code"]) == (409, "inn_taken")
    repeat = await client.post(WEBHOOK, json=payment(1, payer_inn=inn, amount=10))
    assert repeat.json() == {"status": "duplicate"}
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_two_sweeps_match_once(client: httpx.AsyncClient, platform: Platform) -> None:
    inn = "123456789012"
    body = payment(1, payer_inn=inn)
    await client.post(WEBHOOK, json=body, headers=WAIT)
    assert await unmatched_payments(platform.engine) == []
    await add_organization(platform.engine, utc_now, inn=inn, name="ИП Иванов")
    assert len(await unmatched_payments(platform.engine)) == 1
    sweeps = [submit_matches(platform.engine, platform.submitter) for _ in range(5)]
    assert await asyncio.gather(*sweeps) == [1] * 5

    async def matched() -> bool:
        return not await unmatched_payments(platform.engine)

    await eventually(matched)
    await platform.settled()
    assert await balance(client, inn) == 145000
    assert await platform.value("SELECT count(*) FROM organization_balance_changes") == 1
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_organizations_are_an_administrators(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    body = {"inn": "7707083893", "name": "Ромашка"}
    assert (await client.post("/v1/organizations", json=body)).status_code == 401
    reader = await api_key(platform, "wallets:read")
    assert (await client.post("/v1/organizations", json=body, headers=reader)).status_code == 403
    admin = await api_key(platform)
    bad = await client.post("/v1/organizations", json=body | {"inn": "1"}, headers=admin)
    assert bad.status_code == 422
    await client.post("/v1/organizations", json=body, headers=admin)
    items = (await client.get("/v1/organizations", headers=reader)).json()["items"]
    assert [(i["inn"], i["balance"]) for i in items] == [("7707083893", "0.00")]
