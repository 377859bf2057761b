"""Webhooks of the bank and of the shop's provider: what is read, what is kept, who hears of it."""

from typing import Any

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.entrypoints.settings import Secret
from payments.kernel.clock import utc_now
from payments.kernel.ids import new_id
from payments.webhooks.signing import v2_header
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key
from tests.fixtures.shop import KEY, SETTINGS, Shop, notice

BANK, WAIT = "/api/webhook/bank/", {"Prefer": "wait=30"}
OLD, NEW = "an old secret of the bank", "a new secret of the bank"
INN = "1234567890"
SUSPENSE = "SELECT credits_posted - debits_posted FROM accounts WHERE code = 'suspense:RUB'"


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Each sender has two secrets."""
    return {
        **SETTINGS,
        "shop_webhook_key": Secret(f"{KEY}, the next key"),
        "bank_webhook_secret": Secret(f"{OLD},{NEW}"),
    }


@pytest.fixture(autouse=True)
async def organization(platform: Platform) -> None:
    """Known to the bank."""
    await add_organization(platform.engine, utc_now, inn=INN, name="Ромашка")


def payment(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A webhook's body; None leaves a field out."""
    body = {
        "operation_id": f"ccf0a86d-041b-4991-bcf7-{number:012d}",
        "amount": 100,
        "payer_inn": INN,
        "document_number": "PAY-328",
        "document_date": "2024-04-27T21:00:00Z",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


async def tell(
    client: httpx.AsyncClient, body: dict[str, Any], secret: str = NEW, **headers: str
) -> httpx.Response:
    """What the bank posts."""
    content = httpx.Request("POST", "http://x", json=body).content
    signature = {"X-Signature": v2_header(secret, content), "Content-Type": "application/json"}
    return await client.post(BANK, content=content, headers={**signature, **WAIT, **headers})


async def listed(client: httpx.AsyncClient, path: str, key: dict[str, str]) -> list[Any]:
    """Every item of a list, a page of two at a time."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        url = httpx.URL(path).copy_merge_params({"limit": "2", **cursor})
        answer = await client.get(url, headers=key)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next_cursor"] is None:
            return items
        cursor = {"cursor": answer.json()["next_cursor"]}


@pytest.mark.case("S4")
async def test_money_without_an_inn_is_kept_until_two_people_assign_it(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    payers: list[Any] = ["0", "", ..., None, "12345", f"{INN}/770101001"]
    for number, payer in enumerate(payers, 1):
        answer = await tell(client, payment(number, payer_inn=payer))
        assert (answer.status_code, answer.text) == (200, '{"status":"accepted"}'), payer
    assert await platform.value(SUSPENSE) == 60_000
    key, second = await api_key(platform), await api_key(platform, client="second")
    rows = await listed(client, "/v1/bank-payments?state=unmatched", key)
    assert [row["payer_inn"] for row in rows] == [f"{INN}/770101001", "12345", "", "", "", "0"]
    assert await listed(client, "/v1/bank-payments?state=matched", key) == []
    path = f"/v1/bank-payments/{rows[-1]['payment_id']}"
    wish = {"inn": INN, "reason": "the payer's letter"}
    steps = [(key, 201, "proposed"), (key, 409, None), (second, 201, "done"), (key, 409, None)]
    for who, status, step in steps:
        answer = await client.post(f"{path}/assign", json=wish, headers=who)
        assert (answer.status_code, answer.json().get("assignment_status")) == (status, step)
    shown = (await client.get(path, headers=key)).json()
    assert (shown["state"], shown["payer_inn"], shown["inn"]) == ("matched", "0", INN)
    assert shown["assignment"]["approved_by"] != shown["assignment"]["proposed_by"]
    assert await platform.value(SUSPENSE) == 50_000
    (change,) = await listed(client, f"/v1/organizations/{INN}/entries", key)
    assert (change["before"], change["after"], change["amount"]) == ("0.00", "100.00", "100.00")
    missing = await client.get(f"/v1/bank-payments/{new_id()}", headers=key)
    assert (missing.status_code, missing.json()["code"]) == (404, "payment_not_found")
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.case("S10")
async def test_balance_changes_are_listed_newest_first(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    for number in range(1, 6):
        assert (await tell(client, payment(number, amount=number))).status_code == 200
    key = await api_key(platform, "wallets:read")
    changes = await listed(client, f"/v1/organizations/{INN}/entries", key)
    assert [c["after"] for c in changes] == ["15.00", "10.00", "6.00", "3.00", "1.00"]
    assert {c["document_number"] for c in changes} == {"PAY-328"}
    rows = await listed(client, f"/v1/bank-payments?inn={INN}", key)
    assert [row["amount"] for row in rows] == ["5.00", "4.00", "3.00", "2.00", "1.00"]
    unknown = await client.get("/v1/organizations/7707083893/entries", headers=key)
    assert (unknown.status_code, unknown.json()["code"]) == (404, "organization_not_found")
    for path in ("/v1/conflicts", "/v1/turned-away-webhooks"):
        assert (await client.get(path, headers=key)).status_code == 403
        junk = await client.get(f"{path}?cursor=x", headers=await api_key(platform))
        assert (junk.status_code, junk.json()["code"]) == (422, "invalid_cursor")


NO_CREDITS: list[dict[str, Any]] = [
    {"currency": "USD"},
    {"currency": 840},
    {"currency": ""},
    {"direction": "debit"},
    {"status": "failed"},
    {"status": "pending"},
    {"currency": "RUB", "direction": "credit", "status": "reversed"},
]
CREDITS: list[dict[str, Any]] = [
    {"currency": "RUB"},
    {"currency": "rub", "direction": "CREDIT", "status": "Success"},
    {"currency": 643, "direction": "incoming", "status": "executed"},
    {"currency": None, "direction": None, "status": None},
]


@pytest.mark.case("S5")
async def test_the_bank_credits_roubles_that_came_only(
    client: httpx.AsyncClient, platform: Platform
) -> None:
    for body in NO_CREDITS:
        answer = await tell(client, payment(1, **body))
        assert (answer.status_code, answer.json()["code"]) == (422, "not_a_rouble_credit"), body
    for bad in ("12", "abc", "123456789a"):
        assert (await tell(client, payment(2, payer_inn=bad))).status_code == 422
    assert await platform.value("SELECT count(*) FROM operations") == 0
    for number, body in enumerate(CREDITS, 10):
        assert (await tell(client, payment(number, **body))).status_code == 200, body
    key = await api_key(platform)
    rows = await listed(client, "/v1/turned-away-webhooks?surface=bank", key)
    kinds = [row["kind"] for row in rows]
    assert kinds == ["invalid_body"] * 3 + ["not_a_rouble_credit"] * len(NO_CREDITS)
    assert {row["reference"] for row in rows[3:]} == {payment(1)["operation_id"]}
    assert rows[-1]["detail"].startswith("currency: 'USD' is none of RUB")
    assert all(len(row["digest"]) == 64 for row in rows)


@pytest.mark.case("S5")
async def test_the_shop_credits_roubles_that_came_only(shop: Shop) -> None:
    user = await shop.user("mary")
    right = notice("1", str(user.user_id), "5", "1")
    for words in ('"currency":"USD"', '"status":"failed"', '"direction":"out"'):
        body = right[:-1] + b"," + words.encode() + b"}"
        for answer in (await shop.send(body), await shop.send_v2(body)):
            assert (answer.status_code, answer.json()["code"]) == (422, "not_a_rouble_credit")
    good = right[:-1] + b',"currency":"RUB","status":"success"}'
    assert (await shop.send(good, **WAIT)).json()["status"] == "applied"
    key = await api_key(shop.platform)
    rows = await listed(shop.http, "/v1/turned-away-webhooks?kind=not_a_rouble_credit", key)
    assert [(row["surface"], row["reference"]) for row in rows] == [("shop", "1")] * 6


@pytest.mark.case("H4")
async def test_one_rule_of_signatures_and_two_live_secrets(shop: Shop) -> None:
    user = await shop.user("mary")
    for number, secret in enumerate((OLD, NEW), 1):
        for copy in (0, 10):
            content = httpx.Request("POST", "http://x", json=payment(number + copy)).content
            value = v2_header(secret, content)
            header = value if copy else "v2=" + value[3:].upper()
            signed = await tell(shop.http, payment(number + copy), **{"X-Signature": header})
            assert signed.status_code == 200, header
    for number, secret in enumerate((KEY, "the next key"), 1):
        body = notice(str(number), str(user.user_id), "5", "1", key=secret)
        assert (await shop.send(body)).status_code == 200
        again = v2_header(secret, body)
        assert (
            await shop.send(body, **{"X-Signature": "v2=" + again[3:].upper()})
        ).status_code == 200
    forged = await tell(shop.http, payment(99), secret="another")
    assert (forged.status_code, forged.json()["code"]) == (403, "bad_signature")
    key = await api_key(shop.platform)
    (row,) = await listed(shop.http, "/v1/turned-away-webhooks", key)
    assert (row["surface"], row["kind"]) == ("bank", "bad_signature")
    assert row["reference"] == payment(99)["operation_id"]


@pytest.mark.case("S2")
async def test_a_top_up_is_waited_for(shop: Shop) -> None:
    mary, john = await shop.user("mary"), await shop.user("john")
    answer = await shop.send(notice("1", str(mary.user_id), "5", "1"), **WAIT)
    assert (answer.status_code, answer.json()["status"]) == (200, "applied")
    assert answer.headers["preference-applied"] == "wait"
    state = "SELECT status FROM operations WHERE id = $1"
    assert await shop.platform.value(state, answer.json()["operation_id"]) == "applied"
    plain = await shop.send(notice("1", str(mary.user_id), "5", "1"))
    assert (plain.json()["status"], "preference-applied" in plain.headers) == ("accepted", False)
    other = await shop.send(notice("2", str(john.user_id), "5", "1"), **WAIT)
    assert (other.status_code, other.json()["code"]) == (409, "bill_owner_mismatch")
    await shop.platform.stop_consumer()
    late = await shop.send(notice("3", str(mary.user_id), "5", "1"), Prefer="wait=1")
    assert (late.status_code, late.json()["status"]) == (200, "accepted")
    await shop.platform.start_consumer()
    assert await shop.decided(late.json()["operation_id"]) == "applied"


@pytest.mark.case("S9")
async def test_other_content_is_counted_and_listed(shop: Shop) -> None:
    key = await api_key(shop.platform)
    user = await shop.user("mary")
    before = await conflicts_counted(shop.http)
    assert (await tell(shop.http, payment(1))).status_code == 200
    assert (await tell(shop.http, payment(1, amount=101))).status_code == 409
    assert (await shop.send(notice("1", str(user.user_id), "5", "1"), **WAIT)).status_code == 200
    assert (await shop.send(notice("1", str(user.user_id), "5", "2"))).status_code == 409
    headers = {**key, **WAIT, "Idempotency-Key": "wallet-1"}
    for currency, status in (("RUB", 201), ("USD", 409)):
        body = {"currency": currency, "owner": "x"}
        answer = await shop.http.post("/v1/wallets", json=body, headers=headers)
        assert answer.status_code == status, answer.text
    rows = await listed(shop.http, "/v1/conflicts", key)
    assert [row["kind"] for row in rows] == ["wallet.open", "bill.topup", "bank_payment.receive"]
    assert rows[0]["body"]["currency"] == "USD"
    assert rows[2]["body"]["minor"] == 10_100
    (topup,) = await listed(shop.http, "/v1/conflicts?kind=bill.topup", key)
    assert topup["client"] == "shop:provider"
    assert await conflicts_counted(shop.http) == before + 3
    away = await listed(shop.http, "/v1/turned-away-webhooks", key)
    assert [row["kind"] for row in away] == ["transaction_conflict", "operation_conflict"]


async def conflicts_counted(client: httpx.AsyncClient) -> float:
    """The counter that alarms look at."""
    text = (await client.get("/metrics")).text
    found = [line for line in text.splitlines() if line.startswith("payments_conflicts_total")]
    return sum(float(line.split()[-1]) for line in found)
