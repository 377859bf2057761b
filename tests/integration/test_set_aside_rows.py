"""A row, a table or a slow load: what needs it waits in its order, all else goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.release import ReleaseHold
from payments.holds.tables import Hold
from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect
from payments.operations import slow
from payments.operations.envelope import Intent
from payments.operations.items import Answer
from payments.operations.slow import Slow
from payments.operations.submit import fresh
from payments.payouts.cancel import CancelPayout
from payments.payouts.request import RequestPayout
from payments.registry import OPERATIONS
from payments.transfers import create
from payments.transfers.reverse import ReverseTransfer
from payments.transfers.tables import Transfer
from payments.wallets.open import OpenWallet
from streams.entry import Entry
from tests.fixtures.platform import Platform
from tests.integration.test_apply import Bench, credit, reasons, transfer
from tests.integration.test_set_aside import Locked, locked

__all__ = ["locked"]
BY_KIND = {operation.kind: operation for operation in OPERATIONS}
Made = tuple[str, str, Intent]
"""A table, and an operation that needs its newest row."""


def said(answer: Answer) -> Any:
    assert answer.decision is not None
    assert answer.decision.reason is None, answer.decision.reason
    return msgspec.json.decode(answer.decision.result)


async def done(bench: Bench, kind: str, intent: Intent) -> Any:
    (answer,) = await bench.apply(bench.entry(kind, intent))
    return said(answer)


async def held(bench: Bench, wallet: int, **more: Any) -> UUID:
    made = await done(
        bench, "hold.create", CreateHold(wallet_id=wallet, minor=5, currency="RUB", **more)
    )
    return UUID(made["hold_id"])


async def a_hold(bench: Bench, wallet: int, other: int) -> Made:
    intent = CaptureHold(hold_id=await held(bench, wallet), destination_wallet_id=other)
    return "holds", "hold.capture", intent


async def a_transfer(bench: Bench, wallet: int, other: int) -> Made:
    made = await done(bench, "transfer.create", transfer(wallet, other, 1))
    return "transfers", "transfer.reverse", ReverseTransfer(transfer_id=UUID(made["transfer_id"]))


async def a_payout(bench: Bench, wallet: int, _: int) -> Made:
    asked = RequestPayout(
        wallet_id=wallet, superpay_wallet_id="sp", minor=1, currency="RUB", description=""
    )
    made = await done(bench, "payout.request", asked)
    return "payouts", "payout.cancel", CancelPayout(payout_id=UUID(made["payout_id"]))


@pytest.mark.case("C3")
@pytest.mark.parametrize("make", [a_hold, a_transfer, a_payout])
async def test_a_locked_row_stops_only_what_needs_it(
    locked: Locked, make: Callable[[Bench, int, int], Awaitable[Made]]
) -> None:
    bench = locked.bench
    wallets = [await bench.wallet(100) for _ in range(4)]
    table, kind, intent = await make(bench, wallets[0], wallets[1])
    _, _, free = await make(bench, wallets[2], wallets[3])
    await locked._hold.start()
    query = (
        f"SELECT FROM {table} WHERE created_at = (SELECT min(created_at) FROM {table}) FOR UPDATE"
    )
    await locked.other.execute(query)
    entry = bench.entry(kind, intent)
    async with asyncio.timeout(2):
        answers = await bench.apply(
            entry,
            bench.entry(kind, free),
            bench.entry("transfer.create", transfer(wallets[3], wallets[1], 1)),
        )
        assert [answer.entry for answer in answers if not said(answer)] == []
        assert len(answers) == 2
        assert bench.applier.aside.has(entry)
        began = monotonic_s()
        for _ in range(20):  # what is known to be locked costs no wait
            await bench.apply(bench.entry("transfer.create", transfer(wallets[3], wallets[1], 1)))
        assert monotonic_s() - began < 1
    assert reasons(await locked.release()) == [None]
    assert not bench.applier.aside


async def test_later_operations_of_the_same_order_wait_behind(locked: Locked) -> None:
    bench = locked.bench
    payer, other = await bench.wallet(10), await bench.wallet()
    hold_id = await held(bench, payer)
    await locked._hold.start()
    await locked.other.execute("SELECT FROM holds FOR UPDATE")
    capture = CaptureHold(hold_id=hold_id, destination_wallet_id=other)
    assert await bench.apply(bench.entry("hold.capture", capture)) == []
    release = bench.entry("hold.release", ReleaseHold(hold_id=hold_id))
    assert await bench.apply(release) == []
    assert reasons(await locked.release()) == [None, "hold_closed"]


@pytest.mark.case("C3")
async def test_an_expired_hold_that_is_locked_stops_only_its_wallet(locked: Locked) -> None:
    """It is closed by whoever needs the money, so it is locked as well."""
    bench = locked.bench
    payer, other, free = [await bench.wallet(10) for _ in range(3)]
    await held(bench, payer, expires_in_s=1)
    await bench.connection.execute("UPDATE holds SET expires_at = now() - interval '1 second'")
    await locked._hold.start()
    await locked.other.execute("SELECT FROM holds FOR UPDATE")
    needy = bench.entry("transfer.create", transfer(payer, other, 10))
    async with asyncio.timeout(2):
        answers = await bench.apply(needy, bench.entry("transfer.create", transfer(free, other, 1)))
        assert reasons(answers) == [None]
        assert bench.applier.aside.has(needy)
    assert reasons(await locked.release()) == [None]


@pytest.mark.case("C3")
async def test_a_locked_table_stops_only_what_needs_it(locked: Locked) -> None:
    bench = locked.bench
    payer, other = await bench.wallet(10), await bench.wallet(10)
    capture = CaptureHold(hold_id=await held(bench, payer), destination_wallet_id=other)
    await locked._hold.start()
    await locked.other.execute("LOCK TABLE holds IN ACCESS EXCLUSIVE MODE")
    async with asyncio.timeout(2):
        entries: list[Entry] = [bench.entry("hold.capture", capture)]
        assert await bench.apply(*entries) == []
        for _ in range(10):
            await asyncio.sleep(0.01)
            answers = await bench.apply(bench.entry("transfer.create", transfer(other, payer, 1)))
            assert len(answers) <= 1
    assert None in reasons(await locked.release())
    assert not bench.applier.aside


@pytest.mark.case("C13")
async def test_a_slow_load_stops_nobody_and_is_done_in_the_end(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a real consumer: reading one hold takes 0.7 s. Here it is tried again soon."""
    monkeypatch.setattr(slow, "_SHARE", 1)
    wallets = []
    for owner in "abc":
        made = await platform.apply(BY_KIND["wallet.open"], OpenWallet(currency="RUB", owner=owner))
        wallets.append(int(made["wallet_id"]))
        await platform.apply(BY_KIND["wallet.adjust"], credit(wallets[-1], 1000))
    payer, source, sink = wallets
    made = await platform.apply(
        BY_KIND["hold.create"], CreateHold(wallet_id=payer, minor=5, currency="RUB")
    )
    other = await connect(platform.database_url)
    await other.execute("ALTER TABLE holds RENAME TO kept_holds")
    await other.execute(
        "CREATE VIEW holds AS SELECT * FROM kept_holds WHERE pg_sleep(0.7) IS NOT NULL"
    )
    release = ReleaseHold(hold_id=UUID(made["hold_id"]))
    ticket = await platform.submitter(fresh(BY_KIND["hold.release"], release, actor="t"))
    slowest, decision = 0.0, None
    while decision is None:
        began = monotonic_s()
        await platform.apply(create.OPERATION, transfer(source, sink, 1))
        slowest = max(slowest, monotonic_s() - began)
        decision = await platform.outcomes.find(ticket.operation_id)
        assert monotonic_s() - began < 10
    assert decision.status == "applied"
    assert slowest < 3, "the statement that writes sleeps as well"
    await other.execute("DROP VIEW holds")
    await other.execute("ALTER TABLE kept_holds RENAME TO holds")
    await other.close()


def test_a_slow_load_is_tried_with_more_time_after_a_longer_pause() -> None:
    put_off = Slow()
    assert not put_off.put_off(0)
    put_off.gave_up(Hold, 0)
    assert put_off.put_off(49) == {Hold}
    assert (put_off.put_off(51), put_off.limit_s(Hold), put_off.limit_s(Transfer)) == (
        set(),
        1,
        0.5,
    )
    put_off.took(Hold, 0.9, 51)
    assert put_off.put_off(140) == {Hold}
    put_off.took(Hold, 0.1, 142)
    assert not put_off
    assert put_off.limit_s(Hold) == 0.5
    for _ in range(9):
        put_off.gave_up(Hold, 0)
    assert put_off.limit_s(Hold) == 16
