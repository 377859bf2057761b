"""A wallet is frozen between a decision and the step that continues it: docs/decisions/0061."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from scheduler.jobs import expire_holds, watch_money, watch_payouts
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay
from tests.fixtures.superpay_callbacks import event, send


@pytest.fixture(autouse=True)
async def invariants(superpay: SuperPay) -> AsyncIterator[None]:
    """Whatever a test did, the books hold."""
    yield
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def freeze(superpay: SuperPay, wallet: int, *, is_frozen: bool = True) -> None:
    """Freeze or unfreeze."""
    verb = "freeze" if is_frozen else "unfreeze"
    answer = await superpay.post(f"/v1/wallets/{wallet}/{verb}")
    assert answer.status_code == 201, answer.text


@pytest.mark.case("M2")
async def test_a_payout_held_while_its_wallet_was_frozen_is_not_sent(superpay: SuperPay) -> None:
    wallet = await superpay.wallet()
    await superpay.post("/v1/superpay/pause", {"reason": "incident"})
    payout, unwanted = await superpay.payout(wallet), await superpay.payout(wallet)
    await freeze(superpay, wallet)
    await superpay.post("/v1/superpay/resume", {"reason": "over"})

    async def kept_back() -> Any:
        shown = await superpay.get(f"/v1/payouts/{payout}")
        return shown if shown["reason"] == "wallet_frozen" else None

    shown = await eventually(kept_back)
    assert (shown["status"], shown["hold_state"]) == ("held", "open")
    assert "wallet frozen" in shown["explanation"]
    told = await superpay.get(f"/v1/payouts/{payout}/timeline")
    assert told["items"][-1]["details"]["code"] == "wallet_frozen"
    assert told["sends"] == 0
    assert await superpay.movements(shown["merchant_id"]) == []
    canceled = await superpay.post(f"/v1/payouts/{unwanted}/cancel")
    assert canceled.json()["payout_status"] == "canceled"
    await freeze(superpay, wallet, is_frozen=False)
    shown = await superpay.reaches("payouts", payout, "paid")
    assert await superpay.movements(shown["merchant_id"]) == [("paid", 1000)]
    assert await superpay.money(wallet) == ("990.00", "0.00")


@pytest.mark.case("M2")
async def test_a_payout_on_the_wire_settles_though_its_wallet_is_frozen(
    superpay: SuperPay,
) -> None:
    wallet = await superpay.wallet()
    payout = await superpay.payout(wallet, "sim:stuck")
    shown = await superpay.reaches("payouts", payout, "accepted")
    await freeze(superpay, wallet)
    path = f"transactions/{shown['merchant_id']}/settle"
    await superpay.admin("POST", path, {"status": "paid"})
    await superpay.reaches("payouts", payout, "paid")
    assert await superpay.money(wallet) == ("990.00", "0.00")


@pytest.mark.case("M2")
async def test_steps_of_holds_and_transfers_with_a_frozen_wallet(superpay: SuperPay) -> None:
    """Money of others does not move, a wallet's own money may become free again."""
    payer, receiver = await superpay.wallet(), await superpay.wallet()
    body = {"source_wallet_id": payer, "destination_wallet_id": receiver}
    money = {"amount": "10", "currency": "RUB"}
    transfer = (await superpay.post("/v1/transfers", {**body, **money})).json()["transfer_id"]
    hold = {"wallet_id": payer, **money}
    captured = (await superpay.post("/v1/holds", {**hold, "expires_in_s": 600})).json()["hold_id"]
    released = (await superpay.post("/v1/holds", {**hold, "expires_in_s": 600})).json()["hold_id"]
    await superpay.post("/v1/holds", {**hold, "expires_in_s": 1})
    for frozen in (payer, receiver):
        await freeze(superpay, frozen)
        to = {"amount": "10", "destination_wallet_id": receiver}
        refused = await superpay.post(f"/v1/holds/{captured}/capture", to)
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_frozen")
        refused = await superpay.post(f"/v1/transfers/{transfer}/reverse", {})
        assert (refused.status_code, refused.json()["code"]) == (409, "wallet_frozen")
        await freeze(superpay, frozen, is_frozen=False)
    await freeze(superpay, payer)
    assert (await superpay.post(f"/v1/holds/{released}/release", {})).status_code == 201

    async def expired() -> bool:
        await expire_holds.run(superpay.tools)
        return await superpay.money(payer) == ("990.00", "10.00")

    await eventually(expired)
    await freeze(superpay, payer, is_frozen=False)
    to = {"amount": "10", "destination_wallet_id": receiver}
    assert (await superpay.post(f"/v1/holds/{captured}/capture", to)).status_code == 201


@pytest.mark.case("M13")
async def test_what_needs_an_operator_is_stuck_from_the_beginning(superpay: SuperPay) -> None:
    payout = await superpay.payout(await superpay.wallet(), "sim:alter-amount")
    shown = await superpay.reaches("payouts", payout, "needs_operator")
    assert shown["is_stuck"] is True
    listed = await superpay.get("/v1/payouts?stuck=true")
    assert [p["payout_id"] for p in listed["items"]] == [payout]
    assert (await superpay.get(f"/v1/payouts/{payout}/timeline"))["is_stuck"] is True
    assert await watch_payouts.run(superpay.tools) == 1
    assert watch_payouts.STUCK.labels("needs_operator")._value.get() == 1
    assert await watch_money.run(superpay.tools) == 1, "its break"
    assert value("payments_payouts", state="needs_operator") == 1
    assert value("payments_breaks_open") == 1
    assert value("payments_money_at_risk_minor", currency="RUB") > 0


async def test_what_waits_for_a_person_is_a_metric_until_it_does_not(superpay: SuperPay) -> None:
    wallet = await superpay.wallet("1")
    deposit = await superpay.deposit(wallet, "sim:auto-pay sim:settle=0.6")
    await freeze(superpay, wallet)
    await superpay.reaches("deposits", deposit, "in_suspense")
    stranger = {"merchant_id": 77, "superpay_wallet_id": "W-1", "amount": "1", "currency": "RUB"}
    await send(superpay, event({"provider_transaction_id": "sp_x", **stranger}), "evt_stranger")
    assert await watch_money.run(superpay.tools) == 2
    assert value("payments_suspense_minor", currency="RUB") == 1000
    assert value("payments_money_at_risk_minor", currency="RUB") == 1000
    assert value("payments_breaks_open") == 1
    assert value("payments_callbacks_unmatched") == 1
    assert value("payments_bank_payments_unmatched") == 0
    (waiting,) = (await superpay.get("/v1/reconciliation/callbacks?state=unmatched"))["items"]
    close = f"/v1/reconciliation/callbacks/{waiting['callback_id']}/close"
    assert (await superpay.http.post(close, json={"reason": "a test"})).status_code == 200
    (found,) = (await superpay.get("/v1/reconciliation/breaks"))["items"]
    resolve = f"/v1/reconciliation/breaks/{found['break_id']}/resolve"
    assert (await superpay.post(resolve, {"reason": "paid out by hand"})).status_code == 201
    assert await watch_money.run(superpay.tools) == 0
    assert value("payments_callbacks_unmatched") == value("payments_breaks_open") == 0
    assert value("payments_money_at_risk_minor", currency="RUB") == 0


def value(name: str, **labels: str) -> float:
    """A metric of this process."""
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, name
    return found
