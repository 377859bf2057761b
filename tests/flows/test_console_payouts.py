"""Payouts in the console: finding a stuck one, understanding it, resolving it with a colleague."""

from typing import Any

import pytest

from payments.payouts import explain
from payments.payouts.status import PayoutState
from tests.fixtures.console import Console
from tests.fixtures.superpay import SuperPay
from tests.flows.test_console_approvals import approval_of


@pytest.fixture
async def desks(superpay: SuperPay) -> Console:
    """The console of the application that SuperPay's callbacks reach."""
    return Console(superpay.http, superpay.platform)


async def test_a_payout_in_doubt_says_where_the_money_is(
    superpay: SuperPay, desks: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:drop-after-accept sim:lose-callbacks")
    await superpay.reaches("payouts", payout, "unknown")
    anna = await desks.desk("anna", "viewer")
    page = await anna.get(f"/console/payouts/{payout}")
    assert "SuperPay may or may not have taken the payout" in page.text
    assert "Hold open" in page.text
    assert "Next check" in page.text
    for word in ("held", "submitting", "unknown"):
        assert word in page.text
    assert "Resolve" not in page.text, "a viewer only looks"
    monkeypatch.setitem(explain.STUCK_AFTER_S, PayoutState.UNKNOWN, 0)
    today = await anna.get("/console")
    assert "Stuck payouts 1" in today.text
    listed = await anna.get("/console/payouts?stuck=true&status=unknown")
    assert payout in listed.html


async def test_a_stuck_payout_is_resolved_by_two(superpay: SuperPay, desks: Console) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:alter-amount")
    await superpay.reaches("payouts", payout, "needs_operator")
    anna, boris = await desks.desk("anna"), await desks.desk("boris")
    where = f"/console/payouts/{payout}"
    assert "Resolve" in (await anna.get(where)).text
    words: dict[str, Any] = {"resolution": "paid", "reason": "their statement says so"}
    asked = await anna.act(f"{where}/resolve", **words)
    approval = approval_of(asked)
    assert (await anna.post(f"{approval}/approve")).status == 403
    assert await superpay.money(wallet) == ("1000.00", "10.00")
    done = await boris.post(f"{approval}/approve")
    assert "applied payout.resolve: Done." in done.text
    shown: Any = await superpay.reaches("payouts", payout, "paid")
    assert shown["hold_state"] == "captured"
    assert await superpay.money(wallet) == ("990.00", "0.00")
    actors = [
        item["actor"] for item in (await superpay.get(f"/v1/payouts/{payout}/timeline"))["items"]
    ]
    # The executor may have asked SuperPay once more in between.
    assert [a for a in actors if a.startswith("operator:")] == ["operator:anna", "operator:boris"]


async def test_a_payout_that_was_not_sent_is_canceled(superpay: SuperPay, desks: Console) -> None:
    wallet = await superpay.wallet()
    await superpay.post("/v1/superpay/pause", {"reason": "incident"})
    payout = await superpay.payout(wallet)
    anna = await desks.desk("anna")
    page = await anna.act(f"/console/payouts/{payout}/cancel", reason="the customer changed it")
    assert "applied payout.cancel: Done." in page.text
    assert "canceled" in page.text
    assert await superpay.money(wallet) == ("1000.00", "0.00")
