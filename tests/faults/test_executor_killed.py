"""The executor is really killed at each step of a payout: paid once, held all the while."""

import asyncio
import os
import signal
import sys

import pytest

from payments.entrypoints.settings import Settings, variable
from tests.faults.crashing_executor import STEPS
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.superpay import SuperPay

pytestmark = pytest.mark.faults

SENT = {"mid_call", "after_answer", "after_report"}
"""Steps at which the provider has the payout already."""


def environment(settings: Settings) -> dict[str, str]:
    """The settings, as a process gets them."""
    fields = (
        "database_url",
        "redis_url",
        "partitions",
        "superpay_base_url",
        "superpay_api_key",
        "superpay_signing_secret",
        "superpay_timeout_s",
    )
    values = {variable(f): getattr(settings, f) for f in fields}
    texts = {n: v.reveal() if hasattr(v, "reveal") else str(v) for n, v in values.items()}
    return {**os.environ, **texts}


@pytest.mark.parametrize("step", STEPS)
async def test_killed_and_paid_once(superpay: SuperPay, step: str) -> None:
    await superpay.stop_executor()
    await superpay.stop_beat()
    wallet = await superpay.wallet()
    slow = " sim:delay=2" if step == "mid_call" else ""
    payout = await superpay.payout(wallet, f"sim:lose-callbacks{slow}")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.crashing_executor",
        step,
        env={**environment(superpay.platform.settings), "PAYMENTS_SUPERPAY_TIMEOUT_S": "10"},
    )
    assert await asyncio.wait_for(process.wait(), 30) == -signal.SIGKILL
    await superpay.platform.settled()

    shown = await superpay.get(f"/v1/payouts/{payout}")
    assert shown["hold_state"] == "open"
    assert await superpay.money(wallet) == ("1000.00", "10.00")
    known = {t["transaction"]["merchant_id"] for t in await transactions(superpay)}
    assert (shown["merchant_id"] in known) == (step in SENT)

    await superpay.start_executor()
    superpay.start_beat()
    await superpay.reaches("payouts", payout, "paid")
    assert await superpay.movements(shown["merchant_id"]) == [("paid", 1000)]
    assert await superpay.money(wallet) == ("990.00", "0.00")
    await superpay.stop_beat()
    await superpay.platform.settled()
    await assert_invariants(superpay.platform.database_url, superpay.platform.redis_url)


async def transactions(superpay: SuperPay) -> list[dict[str, dict[str, int]]]:
    """All that SuperPay has."""
    items: list[dict[str, dict[str, int]]] = (await superpay.admin("GET", "transactions"))["items"]
    return items
