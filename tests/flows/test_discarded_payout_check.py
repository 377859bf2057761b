"""Discarding the parked check of a payout brings the next check, and the payout is paid."""

import pytest

import payments.payouts.check
from payments.kernel.clock import utc_now
from payments.operations import dead_letters
from scheduler.jobs import poll_payouts
from tests.fixtures.platform import eventually
from tests.fixtures.superpay import SuperPay
from tests.integration.test_operators import letters


@pytest.mark.case("C15")
async def test_discarding_a_parked_check_brings_the_next_one(
    superpay: SuperPay, monkeypatch: pytest.MonkeyPatch
) -> None:
    await superpay.stop_executor()
    await superpay.stop_beat()
    platform = superpay.platform
    payout_id = await superpay.payout(await superpay.wallet())
    await platform.redis.delete(*await platform.redis.keys("pay:*:effects"))  # lost on the way

    def broken(*_: object) -> None:
        raise RuntimeError("a bug in the check")

    with monkeypatch.context() as patched:
        patched.setattr(payments.payouts.check, "_next", broken)

        async def is_asked_for() -> bool:
            return await poll_payouts.run(superpay.tools) > 0

        # Once only: a second request for the same check would be parked beside the first.
        await eventually(is_asked_for, 60, every_s=0.3)
        parked = await letters(platform, 1)
    for letter in parked:
        async with platform.connection() as connection:
            await dead_letters.discard_letter(connection, letter["id"], utc_now(), "me")
    await superpay.start_executor()
    superpay.start_beat()
    await superpay.reaches("payouts", payout_id, "paid", deadline_s=30)
