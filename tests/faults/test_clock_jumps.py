"""A clock that jumps an hour: time in the ledger never goes back, no hold ends early."""

from datetime import datetime, timedelta

import pytest

from payments.entrypoints.consumer import TELLER
from payments.holds import create as create_hold
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.operations.apply import Applier
from payments.registry import OPERATIONS
from payments.transfers import create as create_transfer
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from payments.wallets.open import OpenWallet
from scheduler.job import Tools
from scheduler.jobs import expire_holds
from tests.faults.guards import credit, entry_of, transfer
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform

pytestmark = pytest.mark.faults

HOUR = timedelta(hours=1)
JUMPS = (timedelta(), HOUR, -HOUR, timedelta(), -HOUR, HOUR, timedelta())


def off(jump: timedelta) -> datetime:
    """What a wrong clock says."""
    return utc_now() + jump


async def wallets(platform: Platform) -> tuple[int, int]:
    """Two, the first with money."""
    numbers = []
    for owner in ("a", "b"):
        made = await platform.apply(open_wallet.OPERATION, OpenWallet(currency="RUB", owner=owner))
        numbers.append(int(made["wallet_id"]))
    await platform.apply(adjust.OPERATION, credit(numbers[0], 10_000))
    return numbers[0], numbers[1]


async def test_time_never_goes_back_in_an_account(platform: Platform) -> None:
    source, destination = await wallets(platform)
    await platform.settled()
    await platform.stop_consumer()
    connection = await connect(platform.database_url)
    try:
        for number, jump in enumerate(JUMPS):
            applier = Applier(OPERATIONS, lambda jump=jump: off(jump), TELLER)  # type: ignore[misc]
            entry = entry_of(create_transfer.OPERATION.kind, transfer(source, destination), number)
            await applier.apply(connection, [entry])
        back = await connection.fetchval(
            "SELECT count(*) FROM entries a JOIN entries b"
            " ON b.account_id = a.account_id AND b.seq = a.seq + 1"
            " WHERE b.recorded_at < a.recorded_at"
        )
        applied = await connection.fetchval(
            "SELECT count(*) FROM operations WHERE kind = 'transfer.create' AND status = 'applied'"
        )
    finally:
        await connection.close()
    assert (applied, back) == (len(JUMPS), 0)
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_scheduler_ahead_of_time_ends_no_hold(platform: Platform) -> None:
    """It asks too early, and the consumer, whose clock is right, refuses."""
    source, _ = await wallets(platform)
    intent = CreateHold(wallet_id=source, minor=100, currency="RUB", expires_in_s=600)
    await platform.apply(create_hold.OPERATION, intent)
    ahead = Tools(
        engine=platform.engine,
        redis=platform.redis,
        submitter=platform.submitter,
        clock=lambda: off(HOUR),
        database_url=platform.database_url,
        redis_url=platform.redis_url,
    )
    assert await expire_holds.run(ahead) == 1
    await platform.settled()
    released = await platform.value(
        "SELECT reason FROM operations WHERE kind = 'hold.release' AND status = 'rejected'"
    )
    assert released == "hold_not_expired"
    assert await platform.value("SELECT count(*) FROM holds WHERE closed_at IS NULL") == 1
