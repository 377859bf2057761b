"""What a client of the API proposed is agreed to, or rejected, on the page of the thing."""

import re
from typing import Any

import httpx
import pytest

from payments.bankpayments.writes import add_organization
from payments.kernel.clock import utc_now
from tests.fixtures.console import Console, Desk, Page
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform
from tests.fixtures.superpay import SuperPay
from tests.flows.native import funded, money
from tests.flows.test_console_breaks import broken
from tests.flows.test_statements import INN, balance, webhook

HOSTILE = "<script>alert(1)</script>\"'"


def proposed_at(page: Page) -> str:
    found = re.search(r'name="proposed_at" value="([^"]+)"', page.html)
    assert found is not None, page.text
    return found[1]


async def answered(desk: Desk, where: str, decision: str, **fields: Any) -> Page:
    """The page after an operator has decided on what it shows."""
    at = proposed_at(await desk.get(where))
    return await desk.act(f"{where}/proposal", decision=decision, proposed_at=at, **fields)


async def test_a_payout_that_a_client_proposed_to_resolve(superpay: SuperPay) -> None:
    desks = Console(superpay.http, superpay.platform)
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:alter-amount")
    await superpay.reaches("payouts", payout, "needs_operator")
    where = f"/console/payouts/{payout}"
    words = {"resolution": "failed", "reason": HOSTILE}
    await superpay.post(f"/v1/payouts/{payout}/resolve", words)
    anna, vera = await desks.desk("anna"), await desks.desk("vera", "viewer")
    page = await anna.get(where)
    assert "resolve it as failed, so that the money goes back to the wallet" in page.text
    assert "<script>alert" not in page.html
    assert "Approve and carry out" in page.text
    assert "Say what became of it" not in page.text, "one thing at a time"
    assert "proposed_at" not in (await vera.get(where)).html
    assert "payout.resolve: Done." in (await answered(anna, where, "reject")).text
    page = await anna.get(where)
    assert "Say what became of it" in page.text
    await superpay.post(f"/v1/payouts/{payout}/resolve", {**words, "resolution": "paid"})
    assert "payout.resolve: Done." in (await answered(anna, where, "approve")).text
    await superpay.reaches("payouts", payout, "paid")
    assert await superpay.money(wallet) == ("990.00", "0.00")


async def test_a_posting_that_a_client_proposed(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    anna, where = await console.desk("anna"), await broken(platform)
    wallet = await funded(native, "100.00")
    ledger = {"from": f"wallet:{wallet}", "to": "breaks", "amount": "13.13", "currency": "RUB"}
    resolve = f"/v1/reconciliation/breaks/{where.rpartition('/')[2]}/resolve"
    await native.post(resolve, json={"reason": "paid twice", "ledger": ledger})
    page = await anna.get(where)
    assert f"post 13.13 RUB from wallet:{wallet} to breaks" in page.text
    assert (await answered(anna, where, "reject")).status == 200
    assert "proposed_at" not in (await anna.get(where)).html
    stale = {"decision": "approve", "proposed_at": proposed_at(page)}
    assert (await anna.act(f"{where}/proposal", **stale)).status == 409
    await native.post(resolve, json={"reason": "paid twice", "ledger": ledger})
    assert (await anna.act(f"{where}/proposal", **stale)).status == 409, "it is another proposal"
    assert (await money(native, wallet))[0] == "100.00"
    assert "break.resolve: Done." in (await answered(anna, where, "approve")).text
    assert (await money(native, wallet))[0] == "86.87"
    decisions = "SELECT count(*) FROM operator_actions WHERE action = 'break.resolve'"
    assert await platform.value(decisions) == 2
    await assert_invariants(platform.database_url, platform.redis_url)


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_an_owner_that_a_client_proposed(
    console: Console, native: httpx.AsyncClient, platform: Platform, decision: str
) -> None:
    await add_organization(platform.engine, utc_now, inn=INN, name="Romashka")
    anna = await console.desk("anna")
    await webhook(native, payer_inn="9999999999")
    payment = await platform.value("SELECT id FROM organization_payments")
    where = f"/console/bank-payments/{payment}"
    said = {"inn": INN, "reason": "the payer wrote so"}
    await native.post(f"/v1/bank-payments/{payment}/assign", json=said)
    page = await anna.get(where)
    assert f"it belongs to the organization with INN {INN}" in page.text
    assert "bank_payment.assign: Done." in (await answered(anna, where, decision)).text
    assert await balance(native) == (145000 if decision == "approve" else 0)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_who_proposed_it_may_withdraw_it_and_not_approve_it(
    console: Console, native: httpx.AsyncClient, platform: Platform
) -> None:
    """The engine refuses the approval, whatever the form says."""
    anna, where = await console.desk("anna"), await broken(platform)
    wallet = await funded(native, "100.00")
    ledger = {"from": f"wallet:{wallet}", "to": "breaks", "amount": "1.00", "currency": "RUB"}
    resolve = f"/v1/reconciliation/breaks/{where.rpartition('/')[2]}/resolve"
    await native.post(resolve, json={"reason": "paid twice", "ledger": ledger})
    change = (
        "UPDATE breaks SET proposal = jsonb_set(proposal, '{proposed_by}', '\"operator:anna\"')"
    )
    await platform.value(f"{change} RETURNING 1")
    page = await anna.get(where)
    assert "Withdraw" in page.text
    assert "Approve and carry out" not in page.text
    refused = await answered(anna, where, "approve")
    assert "The second person must be another one" in refused.text
    assert (await answered(anna, where, "reject")).status == 200
    assert await platform.value("SELECT proposal FROM breaks") is None
    assert (await money(native, wallet))[0] == "100.00"
