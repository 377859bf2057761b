"""Validly signed callbacks that contradict themselves, or use an id twice; odd currency codes."""

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import api_key, eventually
from tests.fixtures.superpay import SIGNING, SuperPay
from tests.fixtures.superpay_callbacks import (
    deposit_event,
    event,
    send,
    state_of,
    stuck,
    waiting,
)


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    assert await superpay.platform.value("SELECT count(*) FROM dead_letters") == 0
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def settle(superpay: SuperPay, shown: dict[str, Any], verb: str, body: Any) -> None:
    """What is true at SuperPay; a payment takes it a moment."""
    transaction = f"transactions/{shown['merchant_id']}"
    await superpay.admin("POST", f"{transaction}/{verb}", body)

    async def is_paid() -> bool:
        answer = await superpay.admin("GET", transaction)
        return verb != "pay" or answer["transaction"]["status"] == "paid"

    await eventually(is_paid)


def doubled(body: bytes) -> bytes:
    """The same with its status given twice, the other one last."""
    return body.replace(b'"status": "paid"', b'"status": "paid", "status": "failed"')


CONTRADICTIONS = (
    lambda shown: event(shown, "failed").replace(b"payout.failed", b"payout.paid"),
    lambda shown: event(shown, "failed").replace(b"payout.failed", b"deposit.failed"),
    lambda shown: doubled(event(shown, "paid")).replace(b"payout.paid", b"payout.failed"),
    lambda shown: doubled(event(shown, "paid")),
    lambda shown: event(shown).replace(b'"data":', b'"data": {}, "data":'),
)


@pytest.mark.case("R6")
@pytest.mark.parametrize("number", range(len(CONTRADICTIONS)))
async def test_one_that_contradicts_itself_moves_nothing_and_is_asked_about(
    superpay: SuperPay, number: int
) -> None:
    shown = await stuck(superpay)
    body = CONTRADICTIONS[number](shown)
    await settle(superpay, shown, "settle", {"status": "paid"})
    assert (await send(superpay, body, "evt_odd")).json() == {"status": "accepted"}
    assert await state_of(superpay, "evt_odd") == "operator unreadable"
    await superpay.reaches("payouts", shown["payout_id"], "paid")
    claims = await superpay.claims(shown["payout_id"])
    assert ("query", "paid", "applied") in claims
    assert not [claim for claim in claims if claim[0] == "callback"]
    listed = (await superpay.get("/v1/reconciliation/callbacks?state=operator"))["items"]
    assert [(c["raw"].encode(), c["merchant_id"]) for c in listed] == [(body, shown["merchant_id"])]
    path = f"/v1/reconciliation/callbacks/{listed[0]['callback_id']}/close"
    closed = await superpay.http.post(path, json={"reason": "their fault, ticket 4711"})
    assert (closed.status_code, closed.json()["state"]) == (200, "closed")
    again = await superpay.http.post(path, json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "callback_not_open")
    assert (await superpay.get("/v1/reconciliation/callbacks?state=operator"))["items"] == []


@pytest.mark.case("R6")
async def test_a_deposit_paid_and_not_paid_at_once_is_unreadable(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "paid", paid_amount=None), "evt_none")
    money: dict[str, Any] = {"paid_amount": "10.00", "paid_currency": "RUB"}
    await send(superpay, deposit_event(shown, "expired", **money), "evt_both")
    for event_id in ("evt_none", "evt_both"):
        assert await state_of(superpay, event_id) == "operator unreadable"
    await settle(superpay, shown, "pay", {})
    await send(superpay, deposit_event(shown, "expired", 3, **money), "evt_both2")
    await superpay.reaches("deposits", shown["deposit_id"], "pending", "credited")


@pytest.mark.case("R7")
async def test_a_currency_in_small_letters_is_the_same_currency(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "paid", paid_currency="rub"), "evt_small")
    credited = await superpay.reaches("deposits", shown["deposit_id"], "credited")
    assert (credited["paid_currency"], credited["credited_amount"]) == ("RUB", "10.00")
    codes = "SELECT count(*) FROM accounts WHERE currency <> upper(currency)"
    assert await superpay.platform.value(codes) == 0
    payout = await stuck(superpay)
    await send(superpay, event(payout, "paid", currency="rub"), "evt_payout")
    await superpay.reaches("payouts", payout["payout_id"], "paid")


@pytest.mark.case("R7")
@pytest.mark.parametrize("code", ["RUR", "ZZZ", "", "R\u016aB", "643"])
async def test_a_currency_that_does_not_exist_is_unreadable(superpay: SuperPay, code: str) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "paid", paid_currency=code), "evt_code")
    assert await state_of(superpay, "evt_code") == "operator unreadable"
    assert await superpay.money(shown["wallet_id"]) == ("1.00", "0.00")


@pytest.mark.case("R12")
async def test_a_second_body_under_one_id_is_kept_and_moves_nothing(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "pending", 2), "evt_twice")
    await settle(superpay, shown, "pay", {})
    other = deposit_event(shown, "failed", 3)
    for _ in range(2):
        answer = await send(superpay, other, "evt_twice")
        assert (answer.status_code, answer.json()) == (200, {"status": "duplicate"})
    credited = await superpay.reaches("deposits", shown["deposit_id"], "credited")
    assert [(e["source"], e["verdict"]) for e in credited["events"]][-1] == ("query", "applied")
    assert (await state_of(superpay, "evt_twice")).endswith(", operator event_id_reused")
    raw = "SELECT raw FROM provider_callbacks WHERE verdict = 'event_id_reused'"
    assert await superpay.platform.value(raw) == other


@pytest.mark.case("R12")
async def test_a_forged_callback_about_a_deposit_makes_us_ask(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await settle(superpay, shown, "pay", {})
    forged = await send(superpay, deposit_event(shown, "failed"), "evt_f", secret=SIGNING)
    assert (forged.status_code, forged.json()["code"]) == (401, "bad_signature")
    await superpay.reaches("deposits", shown["deposit_id"], "credited")


@pytest.mark.case("H5")
async def test_each_reason_to_turn_a_callback_away_has_its_code(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    codes = {}
    for age_s in (-310, 310):
        late = await send(superpay, event(shown), "evt_t", at=time.time() + age_s)
        codes[late.json()["code"]] = late.status_code
    long = await send(superpay, event(shown), "e" * 256)
    codes[long.json()["code"]] = long.status_code
    path = "/v1/superpay/callbacks"
    bare = await superpay.http.post(path, content=event(shown))
    codes[bare.json()["code"]] = bare.status_code
    headers = {"webhook-id": "e", "webhook-timestamp": "soon", "webhook-signature": "v1,x"}
    odd = await superpay.http.post(path, content=event(shown), headers=headers)
    codes[odd.json()["code"]] = odd.status_code
    assert codes == dict.fromkeys(
        ("timestamp_out_of_tolerance", "bad_event_id", "missing_headers", "bad_timestamp"), 401
    )

    async def noted() -> bool:
        reasons = "SELECT string_agg(reason, ',') FROM rejected_callbacks"
        return bool(await superpay.platform.value(reasons))

    await eventually(noted)


@pytest.mark.case("R8")
async def test_a_charge_back_of_a_credited_deposit_is_loud(superpay: SuperPay) -> None:
    shown = await waiting(superpay)
    await send(superpay, deposit_event(shown, "paid", 3), "evt_paid")
    await superpay.reaches("deposits", shown["deposit_id"], "credited")
    await send(superpay, deposit_event(shown, "chargeback", 4), "evt_back")

    async def opened() -> Any:
        return (await superpay.get("/v1/reconciliation/breaks"))["items"]

    (found,) = await eventually(opened)
    assert (found["kind"], found["money_at_risk"], found["state"]) == (
        "status_mismatch",
        "10.00",
        "open",
    )
    assert found["details"]["theirs"]["status"] == "chargeback"
    assert await superpay.money(shown["wallet_id"]) == ("11.00", "0.00")
    (summed,) = (await superpay.get("/v1/reconciliation/summary"))["items"]
    assert (summed["count"], summed["money_at_risk"]) == (1, "10.00")


@pytest.mark.case("C8")
async def test_the_truth_after_a_lie_that_operators_resolved_is_heard(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    await send(superpay, event(shown, "paid", 99, amount="11.00"), "evt_lie")
    await superpay.reaches("payouts", shown["payout_id"], "needs_operator")
    path, words = f"/v1/payouts/{shown['payout_id']}/resolve", {"resolution": "paid", "reason": "r"}
    await superpay.post(path, words)
    await superpay.post(path, words, headers=await another_operator(superpay))
    await superpay.reaches("payouts", shown["payout_id"], "paid")
    await send(superpay, event(shown, "paid", 3), "evt_truth")
    await send(superpay, event(shown, "returned", 4), "evt_later")
    await superpay.reaches("payouts", shown["payout_id"], "reversed")
    claims = await superpay.claims(shown["payout_id"])
    assert ("callback", "paid", "confirmed") in claims
    assert ("callback", "returned", "applied") in claims


async def another_operator(superpay: SuperPay) -> dict[str, str]:
    """Headers of a second person."""
    return {k.lower(): v for k, v in (await api_key(superpay.platform, client="bob")).items()}


@pytest.mark.case("R13")
async def test_a_huge_version_does_not_silence_our_own_question(superpay: SuperPay) -> None:
    shown = await stuck(superpay)
    await send(superpay, event(shown, "processing", 9007199254740991), "evt_huge")

    async def heard() -> bool:
        return ("callback", "accepted", "confirmed") in await superpay.claims(shown["payout_id"])

    await eventually(heard)
    await settle(superpay, shown, "settle", {"status": "paid"})
    superpay.start_beat()
    told = await superpay.reaches("payouts", shown["payout_id"], "needs_operator")
    assert (told["reason"], told["is_stuck"]) == ("version_mismatch", True)
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    assert (found["kind"], found["money_at_risk"]) == ("version_mismatch", "10.00")
