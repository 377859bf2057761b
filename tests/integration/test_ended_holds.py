"""A hold whose time is over does not count, whoever looks; what was accepted in time counts."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.release import ReleaseHold
from payments.kernel.clock import utc_now
from payments.kernel.database import connect
from payments.kernel.ids import OperationId, new_id
from payments.operations.envelope import Intent, encode, seal
from payments.operations.items import Answer
from streams.entry import Entry
from streams.ownership import ensure_partitions
from tests.integration.test_apply import Bench, credit, reasons, transfer


class Moments(Bench):
    """Entries that were accepted at chosen moments."""

    began: datetime

    def at(self, offset_s: float, kind: str, intent: Intent, id_: UUID | None = None) -> Entry:
        """The entry of an intent that was accepted then; all of them are decided now."""
        self._seq += 1
        accepted_at = self.began + timedelta(seconds=offset_s)
        operation_id = OperationId(id_ or new_id())
        envelope = seal(operation_id, kind, "test", intent, accepted_at, "")
        return Entry(0, f"1-{self._seq}", encode(envelope))

    async def row(self, hold: UUID) -> tuple[int, bool, int]:
        """What was released of a hold, whether it is closed at its end, and what is pending."""
        row = await self.connection.fetchrow(
            "SELECT released_minor, closed_at = expires_at AS closed, debits_pending"
            "  FROM holds JOIN accounts ON accounts.id = wallet_id WHERE holds.id = $1",
            hold,
        )
        assert row is not None
        return row["released_minor"], bool(row["closed"]), row["debits_pending"]


@pytest.fixture
async def moments(database: str) -> AsyncIterator[Moments]:
    connection = await connect(database)
    await ensure_partitions(connection, 4)
    bench = Moments(connection)
    bench.began = utc_now() - timedelta(seconds=60)
    yield bench
    await connection.close()


def for_10_s(wallet: int, minor: int = 100) -> CreateHold:
    return CreateHold(wallet_id=wallet, minor=minor, currency="RUB", expires_in_s=10)


def outcomes(answers: list[Answer]) -> list[str | None]:
    return reasons(answers)


@pytest.mark.parametrize("is_one_batch", [True, False])
@pytest.mark.case("M6")
async def test_an_ended_hold_does_not_keep_the_money(moments: Moments, is_one_batch: bool) -> None:  # noqa: FBT001
    a, b = await moments.wallet(100), await moments.wallet()
    hold = new_id()
    entries = [
        moments.at(0, "hold.create", for_10_s(a), hold),
        moments.at(9.9, "transfer.create", transfer(a, b, 1)),
        moments.at(10, "transfer.create", transfer(a, b, 60)),
        moments.at(11, "transfer.create", transfer(a, b, 40)),
        moments.at(12, "transfer.create", transfer(a, b, 1)),
    ]
    if is_one_batch:
        answers = await moments.apply(*entries)
    else:
        answers = [answer for entry in entries for answer in await moments.apply(entry)]
    assert outcomes(answers) == [None, "insufficient_funds", None, None, "insufficient_funds"]
    assert await moments.row(hold) == (100, True, 0)
    assert await moments.balance(b) == 100


@pytest.mark.case("M6")
async def test_it_stays_as_it_is_while_nobody_needs_the_money(moments: Moments) -> None:
    a, b = await moments.wallet(200), await moments.wallet(50)
    hold = new_id()
    answers = await moments.apply(
        moments.at(0, "hold.create", for_10_s(a), hold),
        moments.at(20, "transfer.create", transfer(a, b, 100)),
        moments.at(20, "transfer.create", transfer(b, a, 1)),
        moments.at(20, "wallet.adjust", credit(a, 5)),
    )
    assert outcomes(answers) == [None] * 4
    assert await moments.row(hold) == (0, False, 100)
    answers = await moments.apply(
        moments.at(21, "hold.create", for_10_s(a, 106)),
        moments.at(22, "hold.release", ReleaseHold(hold_id=hold)),
        moments.at(22, "hold.release", ReleaseHold(hold_id=hold, because_expired=True)),
    )
    # All that there is can be held anew, and the ended hold is closed on the way.
    assert outcomes(answers) == [None, "hold_closed", "hold_closed"]
    assert await moments.row(hold) == (100, True, 106)


@pytest.mark.case("C5", "M6")
async def test_what_was_accepted_in_time_is_decided_by_that(moments: Moments) -> None:
    a, b = await moments.wallet(100), await moments.wallet()
    hold = new_id()
    capture = CaptureHold(hold_id=hold, destination_wallet_id=b, minor=30)
    answers = await moments.apply(
        moments.at(0, "hold.create", for_10_s(a), hold),
        moments.at(9.999, "hold.capture", capture),
        moments.at(10, "hold.capture", capture),
        moments.at(10, "transfer.create", transfer(a, b, 70)),
        moments.at(9, "hold.release", ReleaseHold(hold_id=hold, because_expired=True)),
    )
    assert outcomes(answers) == [None, None, "hold_closed", None, "hold_closed"]
    assert await moments.row(hold) == (70, True, 0)
    assert await moments.balance(b) == 100


@pytest.mark.case("C5")
async def test_a_clock_that_runs_ahead_ends_no_hold(moments: Moments) -> None:
    """Nothing is accepted after it is decided, whatever the clock of its sender says."""
    a, b = await moments.wallet(100), await moments.wallet()
    hold = new_id()
    hour = CreateHold(wallet_id=a, minor=100, currency="RUB", expires_in_s=3600)
    answers = await moments.apply(
        moments.at(0, "hold.create", hour, hold),
        moments.at(7200, "transfer.create", transfer(a, b, 1)),
        moments.at(7200, "hold.release", ReleaseHold(hold_id=hold, because_expired=True)),
    )
    assert outcomes(answers) == [None, "insufficient_funds", "hold_not_expired"]
