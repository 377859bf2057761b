"""A check that an operator discarded is not the last one of its payout or deposit."""

from typing import Any

import pytest

from payments.entrypoints.scheduler import create_tools
from payments.kernel.clock import utc_now
from payments.kernel.ids import OperationId
from payments.operations.after_discard import renewed
from payments.operations.dead_letters import DISCARDED
from payments.operations.submit import Request, keyed
from payments.wallets import open as open_wallet
from payments.wallets.open import OpenWallet
from scheduler.jobs.submitting import submit_all
from tests.fixtures.platform import Platform


def check_of(what: str) -> Request:
    intent = OpenWallet(currency="RUB", owner=what)
    return keyed(open_wallet.OPERATION, intent, actor="scheduler", key=what, scope="check")


async def discard(platform: Platform, id_: OperationId) -> None:
    """As `dead-letters discard` leaves the operation of a parked entry."""
    async with platform.connection() as connection:
        await connection.execute(
            "INSERT INTO operations (id, kind, digest, actor, status, reason, result, accepted_at,"
            " decided_at) VALUES ($1, 'x', '', 'scheduler', 'rejected', $2, '{}', $3, $3)",
            id_, DISCARDED, utc_now(),
        )  # fmt: skip


async def decided(platform: Platform) -> Any:
    return await platform.value("SELECT count(*) FROM operations WHERE status = 'applied'")


@pytest.mark.case("C15")
async def test_a_job_asks_again_under_the_next_id(platform: Platform) -> None:
    first, other = check_of("first"), check_of("other")
    async with create_tools(platform.settings) as tools:
        assert await renewed(platform.engine, [first, other]) == [first, other]
        await discard(platform, first.operation_id)
        again, same = await renewed(platform.engine, [first, other])
        assert same == other
        assert again.operation_id != first.operation_id
        await discard(platform, again.operation_id)
        (third,) = await renewed(platform.engine, [first])
        assert third.operation_id not in {first.operation_id, again.operation_id}
        for _ in range(2):  # asked for twice, as two schedulers do: decided once
            assert await submit_all(tools, [first]) == 1
        await platform.settled()
    assert await decided(platform) == 1
