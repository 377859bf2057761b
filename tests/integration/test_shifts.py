"""Shifts of consumers, on real sessions."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from payments.kernel.database import Connection, connect
from streams import shifts
from streams.ownership import SESSION_SETTINGS
from streams.session import open_session
from streams.shifts import LOCK_CLASS, NoContention, Shift


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[list[Connection]]:
    opened = [await open_session(lambda: connect(database), SESSION_SETTINGS) for _ in range(3)]
    yield opened
    for connection in opened:
        await connection.close(timeout=5)


class Others:
    """What is known about other consumers: `is_met`, and how often one was presumed."""

    def __init__(self, *, is_met: bool = False) -> None:
        self.is_met = is_met
        self.presumed = 0

    def is_contended(self) -> bool:
        return self.is_met

    def presume(self) -> None:
        self.presumed += 1
        self.is_met = True


def shift_on(session: Connection) -> Shift:
    """Of a consumer that knows of no other."""
    return Shift(session, NoContention())


async def waiting(look: Connection, count: int) -> None:
    """Wait until so many sessions wait for their shift."""
    query = "SELECT count(*) FROM pg_locks WHERE classid = $1 AND NOT granted"
    async with asyncio.timeout(10):
        while await look.fetchval(query, LOCK_CLASS) < count:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)


async def test_one_begins_when_the_other_ends(sessions: list[Connection]) -> None:
    first, second = shift_on(sessions[0]), shift_on(sessions[1])
    await first.begin(alone=True)
    next_ = asyncio.create_task(second.begin(alone=True))
    await waiting(sessions[2], 1)
    assert (first.is_held, second.is_held) == (True, False)
    await first.end()
    await next_
    assert (first.is_held, second.is_held) == (False, True)


async def test_whoever_ends_comes_after_those_who_wait(sessions: list[Connection]) -> None:
    first, second = shift_on(sessions[0]), shift_on(sessions[1])
    await first.begin(alone=True)
    next_ = asyncio.create_task(second.begin(alone=True))
    await waiting(sessions[2], 1)
    await first.end()
    again = asyncio.create_task(first.begin(alone=True))
    await next_
    await waiting(sessions[2], 1)
    assert not first.is_held
    await second.end()
    await again
    assert first.is_held


async def test_a_shift_that_never_ends_is_not_waited_for(sessions: list[Connection]) -> None:
    first, second = shift_on(sessions[0]), shift_on(sessions[1])
    await first.begin(alone=True)
    await second.begin(alone=True)
    assert not second.is_held
    timeout = await sessions[1].fetchval("SELECT current_setting('lock_timeout')")
    assert timeout == SESSION_SETTINGS["lock_timeout"]


async def test_a_lost_session_ends_its_shift(sessions: list[Connection]) -> None:
    first, second = shift_on(sessions[0]), shift_on(sessions[1])
    await first.begin(alone=True)
    sessions[0].terminate()
    await second.begin(alone=True)
    assert second.is_held


async def test_a_shift_is_over_after_its_time(
    sessions: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = shift_on(sessions[0])
    assert not shift.is_over
    await shift.begin(alone=True)
    assert not shift.is_over
    await shift.end()
    monkeypatch.setattr(shifts, "SHIFT_S", -1)
    await shift.begin(alone=True)
    assert shift.is_over


async def test_those_without_a_backlog_share_theirs(sessions: list[Connection]) -> None:
    first, second, backlog = [shift_on(session) for session in sessions]
    await first.begin(alone=False)
    await second.begin(alone=False)
    assert first.is_held
    assert second.is_held
    assert not second.alone
    await first.end()
    await backlog.begin(alone=True)
    assert not backlog.is_held
    await second.end()
    await backlog.begin(alone=True)
    assert backlog.alone


async def test_a_shift_goes_on_while_nobody_waits(
    sessions: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    for alone in (True, False):
        first = Shift(sessions[0], Others(is_met=alone))
        second = Shift(sessions[1], Others(is_met=True))
        monkeypatch.setattr(shifts, "SHIFT_S", -1)
        await first.begin(alone=alone)
        monkeypatch.undo()
        assert first.is_over
        assert not await first.is_done(has_backlog=True), "it begins anew"
        next_ = asyncio.create_task(second.begin(alone=True))
        await waiting(sessions[2], 1)
        assert not await first.is_done(has_backlog=True), "its time is not over"
        monkeypatch.setattr(shifts, "SHIFT_S", -1)
        await first.end()
        await next_
        third = asyncio.create_task(first.begin(alone=alone))
        await waiting(sessions[2], 1)
        assert await second.is_done(has_backlog=True)
        await second.end()
        await third
        await first.end()
        monkeypatch.undo()


async def test_who_shares_a_shift_presumes_whoever_has_one(
    sessions: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second as it begins; the first when its time is over and the second waits for its own."""
    known = Others(), Others()
    first, second = (Shift(s, one) for s, one in zip(sessions, known, strict=False))
    monkeypatch.setattr(shifts, "SHIFT_S", -1)
    await first.begin(alone=False)
    assert not await first.is_done(has_backlog=True)
    assert known[0].presumed == 0
    next_ = asyncio.create_task(second.fit(nothing_runs, has_backlog=True))
    await waiting(sessions[2], 1)
    assert (known[0].presumed, known[1].presumed) == (0, 1)
    assert not second.is_held, "it waits for a shift alone"
    await first.fit(nothing_runs, has_backlog=False)
    monkeypatch.undo()
    await next_
    assert known[0].presumed == 1
    assert (first.alone, second.alone > 0) == (0, True)
    await second.end()


async def nothing_runs() -> None:
    """No batch has to be waited for."""


async def test_shifts_alone_have_numbers_of_their_own(sessions: list[Connection]) -> None:
    shift, numbers = Shift(sessions[0], Others(is_met=True)), set()
    for _ in range(3):
        await shift.fit(nothing_runs, has_backlog=True)
        numbers.add(shift.alone)
        await shift.end()
        assert shift.alone == 0
    assert len(numbers - {0}) == 3
    await shift.fit(nothing_runs, has_backlog=False)
    assert shift.is_held
    assert shift.alone == 0
    await shift.end()


async def test_a_shift_ends_when_another_kind_is_needed(sessions: list[Connection]) -> None:
    others = Others()
    shift = Shift(sessions[0], others)
    kinds = {
        (True, True): True,  # a backlog, and somebody who was met
        (True, False): False,
        (False, False): False,
    }
    assert not await shift.is_done(has_backlog=True), "there is none"
    for kind, alone in kinds.items():
        await shift.begin(alone=alone)
        for other, other_alone in kinds.items():
            others.is_met = other[1]
            is_done = await shift.is_done(has_backlog=other[0])
            assert is_done is (alone != other_alone), (kind, other)
        others.is_met = True
        assert await shift.is_done(has_backlog=False), "it is for one batch"
        await shift.end()
