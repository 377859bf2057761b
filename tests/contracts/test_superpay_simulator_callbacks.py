"""Callbacks: signed, repeated until acknowledged, and every way they go wrong on request."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.contracts.superpay_simulator import (
    CALLBACK_SECRET,
    REQUEST_SECRET,
    Sandbox,
    running,
    until,
    until_true,
)


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running(tmp_path) as found:
        yield found


async def _settled(sandbox: Sandbox, mid: int) -> None:
    """No callback of this transaction is on its way any more."""

    async def none_pending() -> bool:
        known = (await sandbox.inside(mid))["callbacks"]
        return bool(known) and all(one["state"] != "pending" for one in known)

    await until(none_pending)


async def test_a_callback_is_signed_and_fresh(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "Вывод средств")
    for one in await sandbox.hears(mid, ["payout.processing", "payout.paid"]):
        assert one.genuine()
        assert not one.genuine(REQUEST_SECRET)
        assert abs(int(one.headers["webhook-timestamp"]) - time.time()) < 5
        assert one.headers["content-type"] == "application/json"
        assert one.event["timestamp"] == one.event["data"]["updated_at"]


async def test_two_live_secrets_give_two_signatures(tmp_path: Path) -> None:
    secrets = (REQUEST_SECRET, CALLBACK_SECRET)
    async with running(tmp_path, callback_secrets=secrets) as sandbox:
        mid = sandbox.new_id()
        await sandbox.payout(mid)
        for one in await sandbox.hears(mid, ["payout.paid"]):
            assert len(one.headers["webhook-signature"].split(" ")) == 2
            assert one.genuine(REQUEST_SECRET)
            assert one.genuine(CALLBACK_SECRET)


async def test_repeated_until_acknowledged_with_the_same_id_and_bytes(sandbox: Sandbox) -> None:
    sandbox.receiver.answers.extend([500, 302, 404, 204])
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:stuck")
    await _settled(sandbox, mid)
    received = sandbox.receiver.of(mid)
    assert len(received) == 4
    assert len({(one.id, one.body) for one in received}) == 1
    [known] = (await sandbox.inside(mid))["callbacks"]
    assert (known["state"], known["attempts"], known["last_answer"]) == ("delivered", 4, "204")


async def test_given_up_after_the_schedule_and_sent_again_by_hand(sandbox: Sandbox) -> None:
    sandbox.receiver.answers.extend([500] * 6)
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:stuck")
    await _settled(sandbox, mid)
    [known] = (await sandbox.inside(mid))["callbacks"]
    assert (known["state"], known["attempts"]) == ("given_up", 6)
    await sandbox.sim("POST", f"transactions/{mid}/resend")
    await until_true(lambda: len(sandbox.receiver.of(mid)) == 7)
    assert len({one.id for one in sandbox.receiver.of(mid)}) == 1


async def test_nobody_listens_at_first(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9/"
    async with running(tmp_path, callback_url=nowhere) as sandbox:
        mid = sandbox.new_id()
        await sandbox.payout(mid, "sim:stuck")
        await _settled(sandbox, mid)
        [known] = (await sandbox.inside(mid))["callbacks"]
        assert known["last_answer"] == "ConnectError"


async def test_duplicates_carry_the_same_id(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:duplicate-callbacks=2")
    await until_true(lambda: sandbox.receiver.genuine_types(mid).count("payout.paid") == 3)
    await _settled(sandbox, mid)
    received = sandbox.receiver.of(mid)
    assert len(received) == 6
    assert len({(one.id, one.body) for one in received}) == 2


async def test_reordered_the_last_one_comes_first(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:reorder-callbacks")
    received = await sandbox.hears(mid, ["payout.processing", "payout.paid"])
    assert [one.type for one in received] == ["payout.paid", "payout.processing"]
    versions = [one.event["data"]["version"] for one in received]
    assert versions == [3, 2]


async def test_reordered_deposit(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.deposit(mid, "sim:auto-pay sim:reorder-callbacks")
    received = await sandbox.hears(mid, ["deposit.pending", "deposit.paid"])
    assert [one.type for one in received] == ["deposit.paid", "deposit.pending"]


async def test_late_callbacks_come_that_much_later(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:late-callbacks=0.7")
    for one in await sandbox.hears(mid, ["payout.processing", "payout.paid"]):
        happened = datetime.fromisoformat(one.event["timestamp"])
        assert (one.at - happened).total_seconds() >= 0.7


async def test_lost_callbacks_can_be_resent(sandbox: Sandbox) -> None:
    mid, other = sandbox.new_id(), sandbox.new_id()
    await sandbox.payout(mid, "sim:lose-callbacks")
    await sandbox.reaches(mid, "paid")
    await sandbox.payout(other)
    await sandbox.hears(other, ["payout.paid"])  # a later one has come: the lost ones never will
    assert sandbox.receiver.of(mid) == []
    await sandbox.sim("POST", f"transactions/{mid}/resend")
    await sandbox.hears(mid, ["payout.processing", "payout.paid"])


async def test_forged_callbacks_claim_the_opposite_with_a_bad_signature(sandbox: Sandbox) -> None:
    sandbox.receiver.answers.append(401)
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:forge-callbacks")
    await sandbox.hears(mid, ["payout.processing", "payout.paid"])
    await _settled(sandbox, mid)
    received = sandbox.receiver.of(mid)
    forged = sorted(one.type for one in received if not one.genuine())
    assert forged == ["payout.failed", "payout.paid"]
    assert len({one.id for one in received}) == 4
    assert sandbox.receiver.genuine_types(mid) == ["payout.processing", "payout.paid"]


async def test_only_forged_ones_arrive_when_the_true_ones_are_lost(sandbox: Sandbox) -> None:
    mid = sandbox.new_id()
    await sandbox.payout(mid, "sim:forge-callbacks sim:lose-callbacks sim:fail")
    await until_true(lambda: len(sandbox.receiver.of(mid)) == 2)
    assert [one.type for one in sandbox.receiver.of(mid)] == ["payout.paid", "payout.paid"]
    assert sandbox.receiver.genuine_types(mid) == []
    assert await sandbox.movements(mid) == []


async def test_a_slow_receiver_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with running(tmp_path) as sandbox:
        ids = [sandbox.new_id() for _ in range(40)]
        await asyncio.gather(*(sandbox.payout(mid) for mid in ids))
        for mid in ids:
            await sandbox.hears(mid, ["payout.processing", "payout.paid"])
        known = (await sandbox.sim("GET", "callbacks"))["items"]
        assert len({one["event_id"] for one in known}) == 80
