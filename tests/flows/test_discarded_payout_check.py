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

        async def is_parked() -> bool:
            await poll_payouts.run(superpay.tools)
            return bool(await platform.value("SELECT count(*) FROM dead_letters"))

        await eventually(is_parked, 30, every_s=0.3)
    for letter in await letters(platform, 1):
        async with platform.connection() as connection:
            await dead_letters.discard_letter(connection, letter["id"], utc_now(), "me")
    await superpay.start_executor()
    superpay.start_beat()
    await superpay.reaches("payouts", payout_id, "paid", deadline_s=30)
