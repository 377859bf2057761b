"""Deposits at the running simulator: credited once, or kept where a person sees it."""

from collections.abc import AsyncIterator

import pytest

from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import api_key, eventually
from tests.fixtures.superpay import SuperPay


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def test_page_first_then_credit_by_callback(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    body = {
        "wallet_id": wallet,
        "amount": 12.3,
        "currency": "RUB",
        "description": "Order 17",
        "success_url": "https://example.com/superpay?result=success",
        "failure_url": "https://example.com/superpay?result=failure",
        "locale": "en",
    }
    made = (await superpay.post("/v1/deposits", body)).json()
    assert made["redirect_url"].startswith("http")
    assert (made["status"], made["deposit_status"]) == ("applied", "pending")
    shown = await superpay.get(f"/v1/deposits/{made['deposit_id']}")
    assert (shown["status"], shown["credited_amount"]) == ("pending", "0.00")
    assert shown["redirect_url"] == made["redirect_url"]
    assert await superpay.money(wallet) == ("1.00", "0.00")
    await superpay.admin("POST", f"transactions/{shown['merchant_id']}/pay", {})
    shown = await superpay.reaches("deposits", made["deposit_id"], "credited")
    assert (shown["paid_amount"], shown["credited_amount"]) == ("12.30", "12.30")
    assert await superpay.money(wallet) == ("13.30", "0.00")


OUTCOMES = (
    ("auto-pay", "credited", "10.00"),
    ("underpay", "underpaid", "5.00"),
    ("overpay", "overpaid", "20.00"),
    ("late-pay", "paid_late", "10.00"),
    ("pay-currency", "currency_mismatch", "0.00"),
    ("fail", "failed", "0.00"),
    ("auto-pay sim:lose-callbacks", "credited", "10.00"),
    ("auto-pay sim:forge-callbacks", "credited", "10.00"),
    ("auto-pay sim:duplicate-callbacks", "credited", "10.00"),
    ("auto-pay sim:reorder-callbacks", "credited", "10.00"),
    ("auto-pay sim:drop-after-accept", "credited", "10.00"),
    ("auto-pay sim:drop-before-accept", "credited", "10.00"),
    ("auto-pay sim:500-after-accept", "credited", "10.00"),
    ("auto-pay sim:html-200", "credited", "10.00"),
    ("auto-pay sim:503", "credited", "10.00"),
    ("auto-pay sim:429", "credited", "10.00"),
)


async def test_every_way_it_can_go(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    ids = [await superpay.deposit(wallet, f"sim:{fault}") for fault, _, _ in OUTCOMES]
    credited = 1.0
    for id_, (fault, status, amount) in zip(ids, OUTCOMES, strict=True):
        shown = await superpay.reaches("deposits", id_, status)
        assert shown["credited_amount"] == amount, fault
        credited += float(amount)
    assert await superpay.money(wallet) == (f"{credited:.2f}", "0.00")
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    assert (found["kind"], found["money_at_risk"]) == ("currency_mismatch", "10.00")


async def test_altered_view_moves_nothing_and_opens_a_break(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    await superpay.deposit(wallet, "sim:auto-pay sim:alter-currency")

    async def found() -> bool:
        return bool((await superpay.get("/v1/reconciliation/breaks"))["items"])

    await eventually(found)
    assert await superpay.money(wallet) == ("1.00", "0.00")


async def test_frozen_wallet_money_waits_in_suspense(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    deposit = await superpay.deposit(wallet, "sim:auto-pay sim:settle=0.6")
    await superpay.post(f"/v1/wallets/{wallet}/freeze")
    shown = await superpay.reaches("deposits", deposit, "in_suspense")
    assert (shown["paid_amount"], shown["credited_amount"]) == ("10.00", "0.00")
    await superpay.post(f"/v1/wallets/{wallet}/unfreeze")
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    assert found["kind"] == "unapplied_deposit"
    path = f"/v1/reconciliation/breaks/{found['break_id']}/resolve"
    to = {"from": "suspense", "to": f"wallet:{wallet}", "amount": "10", "currency": "RUB"}
    words = {"reason": "open again", "ledger": to}
    assert (await superpay.post(path, words)).json()["resolution_status"] == "proposed"
    same = await superpay.post(path, words)
    assert same.json()["code"] == "approver_is_proposer"

    keys = [await api_key(superpay.platform, client=name) for name in ("test", "second operator")]
    rotated, second = ({k.lower(): v for k, v in key.items()} for key in keys)
    same = await superpay.post(path, words, headers=rotated)
    assert same.json()["code"] == "approver_is_proposer", "two keys of one client are one person"
    done = await superpay.post(path, words, headers=second)
    assert done.json()["resolution_status"] == "done"
    assert await superpay.money(wallet) == ("11.00", "0.00")


async def test_refused_for_what_is_ours_to_refuse(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    urls = {"success_url": "https://e.com/s", "failure_url": "https://e.com/f"}
    body = {"wallet_id": wallet, "amount": "1", "currency": "USD", **urls}
    refused = await superpay.post("/v1/deposits", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "currency_mismatch")
    gone = await superpay.post("/v1/deposits", {**body, "wallet_id": 999, "currency": "RUB"})
    assert (gone.status_code, gone.json()["code"]) == (404, "wallet_not_found")
    bad = await superpay.post("/v1/deposits", {**body, "success_url": "javascript:alert(1)"})
    assert bad.status_code == 422
    assert (await superpay.http.get("/v1/deposits/nope")).status_code == 404
