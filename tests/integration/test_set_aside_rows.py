"""A row or a table that somebody has locked: what needs it waits in its order, all else goes on."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.release import ReleaseHold
from payments.kernel.clock import monotonic_s
from payments.operations.envelope import Intent
from payments.operations.items import Answer
from payments.payouts.cancel import CancelPayout
from payments.payouts.request import RequestPayout
from payments.transfers.reverse import ReverseTransfer
from streams.entry import Entry
from tests.fixtures.pace import a_second
from tests.integration.test_apply import Bench, reasons, transfer
from tests.integration.test_set_aside import Locked, locked

__all__ = ["locked"]
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
    limit_s = await a_second(
        lambda: bench.apply(bench.entry("transfer.create", transfer(wallets[3], wallets[1], 1)))
    )
    await locked._hold.start()
    query = (
        f"SELECT FROM {table} WHERE created_at = (SELECT min(created_at) FROM {table}) FOR UPDATE"
    )
    await locked.other.execute(query)
    entry = bench.entry(kind, intent)
    async with asyncio.timeout(2 * limit_s):
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
        assert monotonic_s() - began < limit_s
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
