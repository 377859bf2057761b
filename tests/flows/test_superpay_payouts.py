"""Payouts against the running simulator: whatever it does, paid once, held while in doubt."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import api_key, eventually
from tests.fixtures.superpay import SuperPay

TEN = 1000
"""Ten roubles in kopecks."""


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def test_settles_by_callback(superpay: SuperPay) -> None:
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet)
    shown = await superpay.reaches("payouts", payout, "paid")
    assert (shown["certainty"], shown["hold_state"]) == ("certain", "captured")
    assert shown["next_check_at"] is None
    assert await superpay.money(wallet) == ("990.00", "0.00")
    assert ("callback", "paid", "applied") in await superpay.claims(payout)
    assert await superpay.movements(shown["merchant_id"]) == [("paid", TEN)]


FAULTS = (
    "drop-after-accept",
    "drop-before-accept",
    "500-after-accept",
    "500-before-accept",
    "html-200",
    "429",
    "503",
    "delay=1.5",
    "duplicate-callbacks",
    "reorder-callbacks",
    "late-callbacks=1",
    "lose-callbacks",
    "forge-callbacks",
    "drop-after-accept sim:lose-callbacks sim:not-found-first",
)


async def test_paid_exactly_once_whatever_happens(superpay: SuperPay) -> None:
    """All at once, from one wallet: a platform for each would take half a minute more."""
    wallet = await superpay.wallet()
    payouts = {fault: await superpay.payout(wallet, f"sim:{fault}") for fault in FAULTS}
    for fault, payout in payouts.items():
        shown = await superpay.reaches("payouts", payout, "paid")
        assert await superpay.movements(shown["merchant_id"]) == [("paid", TEN)], fault
    assert await superpay.money(wallet) == (f"{1000 - 10 * len(FAULTS)}.00", "0.00")


async def test_cut_connection_keeps_the_hold_and_says_why(superpay: SuperPay) -> None:
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:drop-after-accept sim:lose-callbacks")
    shown = await superpay.reaches("payouts", payout, "unknown")
    assert (shown["certainty"], shown["hold_state"]) == ("unknown", "open")
    assert shown["next_check_at"] is not None
    assert await superpay.money(wallet) == ("1000.00", "10.00")
    told = await superpay.get(f"/v1/payouts/{payout}/timeline")
    assert "may or may not have taken" in told["explanation"]
    assert told["next_check_at"] == shown["next_check_at"]
    assert [e["status_after"] for e in told["items"]] == ["held", "submitting", "unknown"]
    canceled = await superpay.post(f"/v1/payouts/{payout}/cancel", {})
    assert (canceled.status_code, canceled.json()["code"]) == (409, "not_cancelable")
    superpay.start_beat()
    await superpay.reaches("payouts", payout, "paid")
    assert ("query", "paid", "applied") in await superpay.claims(payout)
    assert await superpay.movements(shown["merchant_id"]) == [("paid", TEN)]


async def test_never_arrived_is_sent_again_as_the_same_attempt(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:drop-before-accept")
    await superpay.reaches("payouts", payout, "paid")
    claims = [claim for _, claim, _ in await superpay.claims(payout)]
    assert claims.count("submit") == 2
    assert "not_found" in claims


REFUSALS = (
    ("insufficient-funds", "failed", "insufficient_merchant_funds"),
    ("wallet-not-found", "failed", "wallet_not_found"),
    ("wallet-blocked", "failed", "wallet_blocked"),
    ("compliance", "failed", "compliance_refused"),
    ("fail", "failed", "payout_rejected"),
    ("cancel", "canceled", None),
)


async def test_refused_releases_the_hold(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payouts = [await superpay.payout(wallet, f"sim:{fault}") for fault, _, _ in REFUSALS]
    for payout, (fault, status, reason) in zip(payouts, REFUSALS, strict=True):
        shown = await superpay.reaches("payouts", payout, "failed", "canceled")
        assert (shown["status"], shown["reason"]) == (status, reason), fault
        assert shown["hold_state"] == "released"
        assert await superpay.movements(shown["merchant_id"]) == []
    assert await superpay.money(wallet) == ("1000.00", "0.00")


async def test_returned_after_paid_goes_back_to_the_wallet(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:return=0.2")
    shown = await superpay.reaches("payouts", payout, "reversed")
    assert await superpay.money(wallet) == ("1000.00", "0.00")
    assert await superpay.movements(shown["merchant_id"]) == [("paid", TEN), ("returned", TEN)]


async def test_processing_for_ever_is_never_failed(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:stuck")
    shown = await superpay.reaches("payouts", payout, "accepted")
    for _ in range(3):
        await superpay.post(f"/v1/payouts/{payout}/cancel", {})
    assert (await superpay.get(f"/v1/payouts/{payout}"))["status"] == "accepted"
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/settle", {"status": "paid"})
    await superpay.reaches("payouts", payout, "paid")


@pytest.mark.case("C17")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [("alter-amount", "amount_mismatch"), ("alter-currency", "currency_mismatch")],
)
async def test_altered_needs_two_operators(superpay: SuperPay, fault: str, kind: str) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, f"sim:{fault}")
    shown = await superpay.reaches("payouts", payout, "needs_operator")
    assert (shown["reason"], shown["hold_state"]) == (kind, "open")
    found = await superpay.get("/v1/reconciliation/breaks")
    assert [(b["kind"], b["subject_id"]) for b in found["items"]] == [(kind, payout)]
    words = {"resolution": "paid", "reason": "their statement says so"}
    first = await superpay.post(f"/v1/payouts/{payout}/resolve", words)
    assert (first.status_code, first.json()["resolution_status"]) == (201, "proposed")
    same = await superpay.post(f"/v1/payouts/{payout}/resolve", words)
    assert (same.status_code, same.json()["code"]) == (409, "approver_is_proposer")
    rotated = lowered(await api_key(superpay.platform))
    same = await superpay.post(f"/v1/payouts/{payout}/resolve", words, headers=rotated)
    assert same.json()["code"] == "approver_is_proposer", "two keys of one client are one person"
    second = await another_key(superpay)
    other = {**words, "resolution": "failed"}
    refused = await superpay.post(f"/v1/payouts/{payout}/resolve", other, headers=second)
    assert refused.json()["code"] == "other_resolution_proposed"
    done = await superpay.post(f"/v1/payouts/{payout}/resolve", words, headers=second)
    assert (done.json()["resolution_status"], done.json()["payout_status"]) == ("done", "paid")
    assert await superpay.money(wallet) == ("990.00", "0.00")


async def another_key(superpay: SuperPay) -> dict[str, str]:
    """Headers of a second operator."""
    return lowered(await api_key(superpay.platform, client="second operator"))


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.case("M12")
async def test_paused_holds_and_can_be_canceled(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    paused = await superpay.post("/v1/superpay/pause", {"reason": "incident"})
    assert paused.json()["is_paused"] is True
    first, second = await superpay.payout(wallet), await superpay.payout(wallet)
    canceled = await superpay.post(f"/v1/payouts/{first}/cancel")
    assert (canceled.status_code, canceled.json()["payout_status"]) == (201, "canceled")
    assert await superpay.money(wallet) == ("1000.00", "10.00")
    resumed = await superpay.post("/v1/superpay/resume", {})
    assert (resumed.status_code, resumed.json()["is_paused"]) == (200, False)
    unsaid = await superpay.post("/v1/superpay/pause", {})
    assert unsaid.status_code == 422, "why nothing is paid has to be said"
    await superpay.reaches("payouts", second, "paid")
    shown = await superpay.get(f"/v1/payouts/{first}")
    assert await superpay.movements(shown["merchant_id"]) == []


async def test_nobody_at_the_other_end_keeps_it_held(superpay: SuperPay) -> None:
    assert superpay.client is not None
    config = superpay.client._http
    there = config.base_url
    config.base_url = "http://127.0.0.1:9"
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet)

    shown = await superpay.reaches("payouts", payout, "held")
    assert shown["certainty"] == "certain"
    config.base_url = there
    shown = await superpay.reaches("payouts", payout, "paid")
    assert await superpay.movements(shown["merchant_id"]) == [("paid", TEN)]


async def test_late_paid_after_release_is_a_break_and_history_stays(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:stuck")
    shown = await superpay.reaches("payouts", payout, "accepted")
    words = {"resolution": "failed", "reason": "they say it never will"}
    await superpay.post(f"/v1/payouts/{payout}/resolve", words)
    second = await another_key(superpay)
    await superpay.post(f"/v1/payouts/{payout}/resolve", words, headers=second)
    assert await superpay.money(wallet) == ("1000.00", "0.00")
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/settle", {"status": "paid"})

    query = "/v1/reconciliation/breaks?kind=late_paid_after_release"

    async def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await superpay.get(query))["items"]
        return items

    (one,) = await eventually(found)
    assert (one["severity"], one["money_at_risk"]) == ("critical", "10.00")
    assert (one["subject_id"], one["state"]) == (payout, "open")
    assert (await superpay.get(f"/v1/payouts/{payout}"))["status"] == "failed"
    assert await superpay.money(wallet) == ("1000.00", "0.00")


async def test_without_money_nothing_is_held(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("5")
    body = {"wallet_id": wallet, "superpay_wallet_id": "W-1", "amount": "5.01", "currency": "RUB"}
    refused = await superpay.post("/v1/payouts", body)
    assert (refused.status_code, refused.json()["code"]) == (402, "insufficient_funds")
    accepted = await superpay.http.post("/v1/payouts", json={**body, "amount": 5})
    assert accepted.status_code == 202
    assert accepted.json()["payout_id"] == accepted.json()["operation_id"]
    await superpay.reaches("payouts", accepted.json()["payout_id"], "paid")


async def test_same_key_is_one_payout(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    body = {"wallet_id": wallet, "superpay_wallet_id": "W-1", "amount": "1", "currency": "RUB"}
    key = {"idempotency-key": "once"}
    first = await superpay.post("/v1/payouts", body, headers=key)
    again = await superpay.post("/v1/payouts", body, headers=key)
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    other = await superpay.post("/v1/payouts", {**body, "amount": "2"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    await superpay.reaches("payouts", first.json()["payout_id"], "paid")
    assert await superpay.money(wallet) == ("999.00", "0.00")


async def test_list_with_filters(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    ids = [await superpay.payout(wallet) for _ in range(3)]
    for one in ids:
        await superpay.reaches("payouts", one, "paid")
    page = await superpay.get("/v1/payouts?status=paid&limit=2")
    rest = await superpay.get(f"/v1/payouts?status=paid&limit=2&cursor={page['next_cursor']}")
    listed = [p["payout_id"] for p in (*page["items"], *rest["items"])]
    assert listed == ids[::-1]
    assert rest["next_cursor"] is None
    assert (await superpay.get(f"/v1/payouts?wallet_id={wallet + 1}"))["items"] == []
    assert (await superpay.get("/v1/payouts?certainty=unknown"))["items"] == []
    assert (await superpay.get("/v1/payouts?stuck=true"))["items"] == []
    assert len((await superpay.get("/v1/payouts?created_from=2026-01-01T00:00:00Z"))["items"]) == 3
    for odd in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"):
        refused = await superpay.http.get(f"/v1/payouts?created_from={odd}")
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_query"), odd
