"""Shifts of consumers, on real sessions."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from payments.kernel.database import Connection, connect
from streams import shifts
from streams.ownership import SESSION_SETTINGS
from streams.session import open_session
from streams.shifts import LOCK_CLASS, Shift


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[list[Connection]]:
    opened = [await open_session(lambda: connect(database), SESSION_SETTINGS) for _ in range(3)]
    yield opened
    for connection in opened:
        await connection.close(timeout=5)


async def waiting(look: Connection, count: int) -> None:
    """Wait until so many sessions wait for their shift."""
    query = "SELECT count(*) FROM pg_locks WHERE classid = $1 AND NOT granted"
    async with asyncio.timeout(10):
        while await look.fetchval(query, LOCK_CLASS) < count:  # noqa: ASYNC110 - nothing tells us
            await asyncio.sleep(0.01)


async def test_one_begins_when_the_other_ends(sessions: list[Connection]) -> None:
    first, second = Shift(sessions[0]), Shift(sessions[1])
    await first.begin(alone=True)
    next_ = asyncio.create_task(second.begin(alone=True))
    await waiting(sessions[2], 1)
    assert (first.is_held, second.is_held) == (True, False)
    await first.end()
    await next_
    assert (first.is_held, second.is_held) == (False, True)


async def test_whoever_ends_comes_after_those_who_wait(sessions: list[Connection]) -> None:
    first, second = Shift(sessions[0]), Shift(sessions[1])
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
    first, second = Shift(sessions[0]), Shift(sessions[1])
    await first.begin(alone=True)
    await second.begin(alone=True)
    assert not second.is_held
    timeout = await sessions[1].fetchval("SELECT current_setting('lock_timeout')")
    assert timeout == SESSION_SETTINGS["lock_timeout"]


async def test_a_lost_session_ends_its_shift(sessions: list[Connection]) -> None:
    first, second = Shift(sessions[0]), Shift(sessions[1])
    await first.begin(alone=True)
    sessions[0].terminate()
    await second.begin(alone=True)
    assert second.is_held


async def test_a_shift_is_over_after_its_time(
    sessions: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    shift = Shift(sessions[0])
    assert not shift.is_over
    await shift.begin(alone=True)
    assert not shift.is_over
    await shift.end()
    monkeypatch.setattr(shifts, "SHIFT_S", -1)
    await shift.begin(alone=True)
    assert shift.is_over


async def test_those_without_a_backlog_share_theirs(sessions: list[Connection]) -> None:
    first, second, backlog = [Shift(session) for session in sessions]
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
    first, second = Shift(sessions[0]), Shift(sessions[1])
    for alone in (True, False):
        need = {"has_backlog": True, "is_contended": alone}
        monkeypatch.setattr(shifts, "SHIFT_S", -1)
        await first.begin(alone=alone)
        monkeypatch.undo()
        assert first.is_over
        assert not await first.is_done(**need), "it begins anew"
        next_ = asyncio.create_task(second.begin(alone=True))
        await waiting(sessions[2], 1)
        assert not await first.is_done(**need), "its time is not over"
        monkeypatch.setattr(shifts, "SHIFT_S", -1)
        await first.end()
        await next_
        third = asyncio.create_task(first.begin(alone=alone))
        await waiting(sessions[2], 1)
        assert await second.is_done(has_backlog=True, is_contended=True)
        await second.end()
        await third
        await first.end()
        monkeypatch.undo()


class Meetings:
    """Counts how often another consumer was met."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


async def test_who_shares_a_shift_meets_who_has_one(
    sessions: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second as it begins; the first when its time is over and the second waits for its own."""
    met = Meetings(), Meetings()
    first, second = (Shift(s, one) for s, one in zip(sessions, met, strict=False))
    monkeypatch.setattr(shifts, "SHIFT_S", -1)
    await first.begin(alone=False)
    assert met[0].count == 0
    await second.begin(alone=False)
    assert (met[0].count, met[1].count) == (0, 1)
    await second.end()
    need = {"has_backlog": True, "is_contended": False}
    assert not await first.is_done(**need)
    first._until_s = 0
    next_ = asyncio.create_task(second.begin(alone=True))
    await waiting(sessions[2], 1)
    assert await first.is_done(**need)
    assert (met[0].count, met[1].count) == (1, 1)
    await first.end()
    await next_
    again = asyncio.create_task(first.begin(alone=True))
    await waiting(sessions[2], 1)
    assert await second.is_done(has_backlog=True, is_contended=True)
    assert met[1].count == 1, "they write by turns already"
    await second.end()
    await again


async def test_a_shift_ends_when_another_kind_is_needed(sessions: list[Connection]) -> None:
    shift = Shift(sessions[0])
    kinds = {
        (True, True): True,  # a backlog, and somebody who was met
        (True, False): False,
        (False, False): False,
    }
    assert not await shift.is_done(has_backlog=True, is_contended=True), "there is none"
    for kind, alone in kinds.items():
        await shift.begin(alone=alone)
        for other, other_alone in kinds.items():
            need = {"has_backlog": other[0], "is_contended": other[1]}
            assert await shift.is_done(**need) is (alone != other_alone), (kind, other)
        assert await shift.is_done(has_backlog=False, is_contended=True), "it is for one batch"
        await shift.end()
