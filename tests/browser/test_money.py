"""Tasks with money: find a payment, answer "where is my money", freeze, reverse, resolve."""

import pytest

from tests.browser.conftest import Sits
from tests.fixtures.superpay import SuperPay

pytestmark = pytest.mark.browser

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


async def paid(superpay: SuperPay, reference: str, amount: str = "1250.00") -> tuple[int, str]:
    """The wallet of a customer, and the transaction in which it paid."""
    customer = await superpay.wallet("5000")
    opened = await superpay.post("/v1/wallets", {"currency": "RUB", "owner": HOSTILE})
    posting = {
        "source": f"wallet:{customer}",
        "destination": f"wallet:{opened.json()['wallet_id']}",
        "amount": amount,
        "currency": "RUB",
    }
    body = {
        "postings": [posting],
        "reference": reference,
        "description": HOSTILE,
        "metadata": {"note": HOSTILE, HOSTILE[:40]: "key"},
    }
    made = await superpay.post("/v1/transactions", body)
    assert made.status_code == 201, made.text
    transaction: str = made.json()["transaction_id"]
    return customer, transaction


async def test_a_payment_is_found_by_the_customers_reference(
    superpay: SuperPay, sits: Sits
) -> None:
    customer, _ = await paid(superpay, "order 2026/117")
    vera = await sits("vera", "viewer")
    await vera.open("/console")
    await vera.check()
    await vera.search("order 2026/117")
    shown = await vera.reads()
    assert ("1 250.00 RUB" in shown, f"wallet:{customer}" in shown) == (True, True), shown
    assert HOSTILE in shown, "it is text"
    await vera.check()
    await vera.follow(f"wallet:{customer}")
    assert "order 2026/117" in await vera.reads()
    await vera.check()
    await vera.open("/console/wallets")
    assert HOSTILE in await vera.reads()
    await vera.check()
    await vera.search(HOSTILE)
    assert "Wallet" in await vera.reads()
    await vera.check()


async def test_where_is_my_money(superpay: SuperPay, sits: Sits) -> None:
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:drop-after-accept sim:lose-callbacks")
    await superpay.reaches("payouts", payout, "unknown")
    vera = await sits("vera", "viewer")
    await vera.open("/console")
    await vera.follow("unknown 1")
    await vera.follow_first()
    shown = await vera.reads()
    assert "SuperPay may or may not have taken the payout" in shown
    assert "The money stays held" in shown
    assert "Next check" in shown
    assert "Sent 1 time." in shown
    await vera.shot("unknown-payout")
    await vera.check()


async def test_a_wallet_is_frozen_by_keyboard(superpay: SuperPay, sits: Sits) -> None:
    wallet = await superpay.wallet()
    anna = await sits("anna")
    await anna.open(f"/console/wallets/{wallet}")
    await anna.page.keyboard.press("Tab")
    assert await anna.page.evaluate("document.activeElement.textContent") == "To the content"
    await anna.page.keyboard.press("Enter")
    for _ in range(20):
        await anna.page.keyboard.press("Tab")
        if await anna.page.evaluate("document.activeElement.textContent") == "Freeze":
            break
    await anna.page.keyboard.press("Enter")
    await anna.page.keyboard.press("Tab")
    await anna.page.keyboard.type("The owner's phone was stolen")
    for _ in range(2):
        await anna.page.keyboard.press("Tab")
    await anna.page.keyboard.press("Enter")
    await anna.page.wait_for_selector("[role=status]")
    shown = await anna.reads()
    assert "wallet.freeze: Done." in shown
    assert "The owner's phone was stolen" in shown
    assert (await superpay.get(f"/v1/wallets/{wallet}"))["status"] == "frozen"
    await anna.check()


async def test_a_transaction_is_reversed_by_two_operators(superpay: SuperPay, sits: Sits) -> None:
    customer, transaction = await paid(superpay, "order 118")
    anna, boris = await sits("anna"), await sits("boris")
    await anna.open(f"/console/transactions/{transaction}")
    await anna.unfold("Reverse")
    await anna.fill("Reason", f"The shop sent it twice {HOSTILE}")
    await anna.press("Ask for the reversal")
    assert "another operator has to decide" in await anna.reads()
    await anna.check()
    await boris.open("/console")
    await boris.follow("Approvals 1")
    await boris.follow("Reverse 1250.00 RUB")
    shown = await boris.reads()
    assert "The shop sent it twice" in shown
    assert "1250.00 RUB from wallet" in shown
    await boris.shot("approval")
    await boris.check()
    await boris.press("Approve")
    shown = await boris.reads()
    assert "transaction.reverse: Done." in shown, shown
    assert (await superpay.money(customer))[0] == "5000.00"
    await anna.page.reload()
    assert "approved" in await anna.reads()


async def test_a_stuck_payout_is_resolved_by_two_operators(superpay: SuperPay, sits: Sits) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:alter-amount")
    await superpay.reaches("payouts", payout, "needs_operator")
    anna, boris, vera = await sits("anna"), await sits("boris"), await sits("vera", "viewer")
    await anna.open("/console")
    await anna.shot("today")
    await anna.follow("Stuck payouts 1")
    await anna.check()
    await anna.follow_first()
    await anna.unfold("Resolve")
    await anna.choose("What became of it", "paid")
    await anna.fill("Reason", "SuperPay's support says that it was paid")
    await anna.shot("console")
    await anna.check()
    await anna.press("Ask for approval")
    approval = anna.page.url
    assert await anna.page.get_by_role("button", name="Approve").count() == 0
    await vera.open(approval)
    assert "Your role may look" in await vera.reads()
    assert await vera.page.get_by_role("button", name="Approve").count() == 0
    assert await superpay.money(wallet) == ("1000.00", "10.00")
    await boris.open(approval)
    await boris.press("Approve")
    assert "payout.resolve: Done." in await boris.reads()
    assert (await superpay.reaches("payouts", payout, "paid"))["hold_state"] == "captured"
    assert await superpay.money(wallet) == ("990.00", "0.00")
