"""Each misbehaviour of an answer, a status or a payment, asked for in each of the three ways."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.contracts.superpay_simulator import (
    Sandbox,
    payout_body,
    running,
    signed_headers,
    until_true,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with running(tmp_path_factory.mktemp("superpay")) as found:
        yield found


async def test_delay_answers_late_but_records_at_once(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    body = payout_body(mid, "sim:delay=10 sim:stuck")
    signed = signed_headers("POST", "/api/payout", body)
    impatient = httpx.Timeout(15, read=0.2)
    with pytest.raises(httpx.ReadTimeout):
        await sandbox.http.post("/api/payout", content=body, headers=signed, timeout=impatient)
    assert (await sandbox.status(mid))["merchant_id"] == mid
    assert (await sandbox.payout(mid, "sim:delay=10 sim:stuck")).status_code == 200


async def test_delay_that_is_waited_for(sandbox: Sandbox) -> None:
    begun = time.monotonic()
    answer = await sandbox.payout(sandbox.new_id(), "sim:delay=0.3")
    assert answer.status_code == 201
    assert time.monotonic() - begun >= 0.3


async def test_drop_after_accept_gives_no_byte_and_pays_once(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await sandbox.payout(mid, "sim:drop-after-accept")
    await sandbox.reaches(mid, "paid")
    again = await sandbox.payout(mid, "sim:drop-after-accept")
    assert (again.status_code, again.json()["status"]) == (200, "paid")
    assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]


async def test_drop_after_accept_can_go_on(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    for _ in range(3):
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await sandbox.payout(mid, "sim:drop-after-accept=3")
    assert (await sandbox.payout(mid, "sim:drop-after-accept=3")).status_code == 200


async def test_drop_before_accept_records_nothing(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await sandbox.payout(mid, "sim:drop-before-accept")
    assert (await sandbox.call("GET", f"/api/transactions/{mid}")).status_code == 404
    assert (await sandbox.payout(mid, "sim:drop-before-accept")).status_code == 201


async def test_500_after_accept_pays_and_500_before_does_not(sandbox: Sandbox) -> None:
    paid, unpaid = sandbox.new_id(), sandbox.new_id()
    for mid, keyword in ((paid, "sim:500-after-accept"), (unpaid, "sim:500-before-accept")):
        answer = await sandbox.payout(mid, keyword)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (500, "internal_error")
        assert (error["definitive"], error["money_moved"]) == (False, "unknown")
    await sandbox.reaches(paid, "paid")
    assert (await sandbox.call("GET", f"/api/transactions/{unpaid}")).status_code == 404
    assert (await sandbox.payout(unpaid, "sim:500-before-accept")).status_code == 201


async def test_html_with_200(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    answer = await sandbox.payout(mid, "sim:html-200", documented=False)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!doctype html>")
    await sandbox.reaches(mid, "paid")
    assert (await sandbox.payout(mid, "sim:html-200")).json()["merchant_id"] == mid


@pytest.mark.parametrize(
    ("keyword", "status", "code"),
    [("sim:429=2", 429, "rate_limited"), ("sim:503=2", 503, "service_unavailable")],
)
async def test_not_accepted_for_now(sandbox: Sandbox, keyword: str, status: int, code: str) -> None:
    mid = sandbox.new_id()
    for _ in range(2):
        answer = await sandbox.payout(mid, keyword)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code)
        assert answer.headers["retry-after"] == "1"
        assert (error["definitive"], error["money_moved"]) == (False, "no")
        assert (await sandbox.call("GET", f"/api/transactions/{mid}")).status_code == 404
    assert (await sandbox.payout(mid, keyword)).status_code == 201


@pytest.mark.parametrize(
    ("description", "over", "status", "code"),
    [
        ("sim:insufficient-funds", {}, 402, "insufficient_merchant_funds"),
        ("sim:wallet-not-found", {}, 422, "wallet_not_found"),
        ("sim:wallet-blocked", {}, 422, "wallet_blocked"),
        ("sim:compliance", {}, 422, "compliance_refused"),
        ("x", {"wallet_id": "W-UNKNOWN"}, 422, "wallet_not_found"),
        ("x", {"wallet_id": "W-BLOCKED"}, 422, "wallet_blocked"),
        ("x", {"wallet_id": "W-1-USD"}, 422, "wallet_currency_mismatch"),
        ("x", {"amount": "10000000.01"}, 422, "amount_out_of_limits"),
    ],
)
async def test_a_refusal_is_recorded_and_stays(
    sandbox: Sandbox, description: str, over: dict[str, Any], status: int, code: str
) -> None:
    mid = sandbox.new_id()
    for _ in range(2):
        answer = await sandbox.payout(mid, description, **over)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, code)
        assert (error["definitive"], error["money_moved"]) == (True, "no")
        assert error["transaction_id"] is not None
    shown = await sandbox.status(mid)
    assert (shown["status"], shown["failure"]["code"]) == ("failed", code)
    assert [one.type for one in await sandbox.hears(mid, ["payout.failed"])] == ["payout.failed"]
    assert await sandbox.movements(mid) == []


@pytest.mark.parametrize(
    ("keyword", "status", "failure"),
    [("sim:fail", "failed", "payout_rejected"), ("sim:cancel", "canceled", None)],
)
async def test_accepted_then_not_paid(
    sandbox: Sandbox, keyword: str, status: str, failure: str | None
) -> None:
    mid = sandbox.new_id()
    assert (await sandbox.payout(mid, keyword)).status_code == 201
    shown = await sandbox.reaches(mid, status)
    assert (shown["failure"] or {}).get("code") == failure
    await sandbox.hears(mid, ["payout.processing", f"payout.{status}"])
    assert await sandbox.movements(mid) == []


async def test_processing_for_ever_until_an_admin_ends_it(sandbox: Sandbox) -> None:
    mid, other = sandbox.new_id(), sandbox.new_id()
    await sandbox.payout(mid, "sim:stuck")
    await sandbox.payout(other)
    await sandbox.reaches(other, "paid")  # the stuck one had at least as much time
    assert (await sandbox.reaches(mid, "processing"))["completed_at"] is None
    await sandbox.sim("POST", f"transactions/{mid}/settle", {"status": "paid"})
    await sandbox.hears(mid, ["payout.paid"])
    refused = await sandbox.http.post(f"/_sim/transactions/{mid}/settle", json={"status": "failed"})
    assert refused.status_code == 409


async def test_paid_then_returned(sandbox: Sandbox) -> None:
    mid, by_hand = sandbox.new_id(), sandbox.new_id()
    await sandbox.payout(mid, "sim:return", wallet_id="W-returned")
    await sandbox.payout(by_hand, wallet_id="W-returned")
    await sandbox.reaches(by_hand, "paid")
    await sandbox.sim("POST", f"transactions/{by_hand}/return")
    for one in (mid, by_hand):
        shown = await sandbox.reaches(one, "returned")
        assert shown["version"] == 4
        await sandbox.hears(one, ["payout.paid", "payout.returned"])
        assert await sandbox.movements(one) == [("paid", 2234, "RUB"), ("returned", 2234, "RUB")]
    wallets = (await sandbox.sim("GET", "totals"))["wallets"]
    zero = {"wallet_id": "W-returned", "currency": "RUB", "minor": 0, "amount": 0.0}
    assert zero in wallets


async def test_not_found_at_first(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:not-found-first=2")
    statuses = [
        (await sandbox.call("GET", f"/api/transactions/{mid}")).status_code for _ in range(3)
    ]
    assert statuses == [404, 404, 200]


async def test_altered_amount_and_currency_lie_in_callback_and_query_only(sandbox: Sandbox) -> None:
    amount, currency = sandbox.new_id(), sandbox.new_id()
    created = await sandbox.payout(amount, "sim:alter-amount=150")
    assert created.json()["amount"] == 22.34
    await sandbox.payout(currency, "sim:alter-currency")
    assert (await sandbox.reaches(amount, "paid"))["amount"] == 23.84
    assert (await sandbox.reaches(currency, "paid"))["currency"] == "USD"
    data = [one.event["data"] for one in await sandbox.hears(amount, ["payout.paid"])]
    assert {one["amount"] for one in data} == {23.84}
    data = [one.event["data"] for one in await sandbox.hears(currency, ["payout.paid"])]
    assert {one["currency"] for one in data} == {"USD"}
    for mid in (amount, currency):
        assert await sandbox.movements(mid) == [("paid", 2234, "RUB")]


async def test_faults_planted_for_the_next_ones_and_for_one(sandbox: Sandbox) -> None:
    await sandbox.sim("POST", "faults", {"faults": ["insufficient-funds"], "count": 2})
    ids = [sandbox.new_id() for _ in range(3)]
    statuses = [(await sandbox.payout(mid)).status_code for mid in ids]
    assert statuses == [402, 402, 201]
    named = sandbox.new_id()
    await sandbox.sim("POST", "faults", {"faults": ["503=1", "stuck"], "merchant_id": named})
    assert (await sandbox.payout(sandbox.new_id())).status_code == 201
    assert (await sandbox.payout(named)).status_code == 503
    assert (await sandbox.payout(named)).status_code == 201
    assert (await sandbox.inside(named))["faults"] == {"503": 1, "stuck": 1}
    await sandbox.sim("POST", "faults", {"faults": ["not-found-first=1"], "merchant_id": named})
    assert (await sandbox.call("GET", f"/api/transactions/{named}")).status_code == 404
    await sandbox.sim("POST", "faults", {"faults": ["compliance"]})
    await sandbox.sim("DELETE", "faults")
    assert (await sandbox.payout(sandbox.new_id())).status_code == 201
    refused = await sandbox.http.post("/_sim/faults", json={"faults": ["no-such"]})
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("amount", "currency"), [("7000.11", "RUB"), ("700011", "JPY"), ("700.011", "KWD")]
)
async def test_magic_amounts(sandbox: Sandbox, amount: str, currency: str) -> None:
    answer = await sandbox.payout(sandbox.new_id(), amount=amount, currency=currency)
    assert answer.status_code == 402


async def test_reset_forgets_everything(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:stuck")
    await sandbox.hears(mid, ["payout.processing"])
    await sandbox.sim("POST", "reset")
    assert await sandbox.sim("GET", "transactions") == {"items": []}
    assert await sandbox.sim("GET", "callbacks") == {"items": []}
    assert (await sandbox.payout(mid)).status_code == 201
    await until_true(lambda: "payout.paid" in sandbox.receiver.genuine_types(mid))
