"""The scheduler under a wall clock that jumps: jobs go on, the jump is said, silence is noticed."""

import datetime as dt
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import apscheduler.schedulers.base
import httpx
import pytest

import scheduler.heartbeat
from payments.entrypoints.scheduler import create_tools
from payments.kernel import clock
from scheduler import runs
from scheduler.heartbeat import Heartbeat
from scheduler.job import Job, Tools
from tests.fixtures.platform import Platform, eventually

pytestmark = pytest.mark.faults


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the wall clock wrong by that many seconds: ours, and the one APScheduler reads."""
    wrong = timedelta()
    utc_now = clock.utc_now

    class Clock(dt.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return dt.datetime.now(tz) + wrong

    def put(seconds: float) -> None:
        nonlocal wrong
        wrong = timedelta(seconds=seconds)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Clock)
    monkeypatch.setattr(scheduler.heartbeat, "utc_now", lambda: utc_now() + wrong)
    return put


@pytest.fixture
async def tools(platform: Platform) -> AsyncIterator[Tools]:
    async with create_tools(platform.settings) as made:
        yield made


@pytest.mark.case("C4")
async def test_jobs_go_on_after_a_clock_that_was_ahead(
    tools: Tools,
    shift: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    count = 0

    async def run(_: Tools) -> int:
        nonlocal count
        count += 1
        return 0

    async def more(than: int) -> bool:
        return count > than

    shift(120)
    job = Job(id="probe", every_s=1, run=run)
    heartbeat = Heartbeat([job], tools, "one")
    heartbeat.start()
    try:
        await eventually(lambda: more(2))
        shift(0)
        seen = count
        await eventually(lambda: more(seen + 2))
    finally:
        await heartbeat.stop()
    assert "clock_jumped" in capsys.readouterr().out


@pytest.mark.case("C4")
@pytest.mark.parametrize("wrong", ["now()", "now() + interval '120 s'"])
async def test_a_slot_claimed_before_its_time_does_not_silence_the_true_one(
    platform: Platform, tools: Tools, wrong: str
) -> None:
    """`wrong`: the database's clock, which is the scheduler's when one host has both."""
    slot = clock.utc_now().replace(microsecond=0) + timedelta(seconds=120)
    assert await runs.claim(tools.engine, "probe", slot, "wrong")
    async with platform.connection() as connection:
        await connection.execute(f"UPDATE job_runs SET started_at = {wrong}")
    assert await runs.claim(tools.engine, "probe", slot, "right")
    async with platform.connection() as connection:  # claimed when its time had come: it stays
        await connection.execute(
            "UPDATE job_runs SET slot = slot - interval '120 s', started_at = now()"
        )
    assert not await runs.claim(tools.engine, "probe", slot - timedelta(seconds=120), "late")


@pytest.mark.case("C4")
async def test_readiness_shows_how_long_the_scheduler_is_silent(
    platform: Platform, tools: Tools, client: httpx.AsyncClient
) -> None:
    ready = (await client.get("/health/ready")).json()
    assert ready["warnings"] == {"scheduler": "never heard of"}
    heartbeat = Heartbeat([], tools, "one")
    heartbeat.start()

    async def is_seen() -> bool:
        return await runs.silent_s(tools.engine) is not None

    await eventually(is_seen)
    await heartbeat.stop()
    ready = (await client.get("/health/ready")).json()
    assert ready["warnings"] == {}
    assert 0 <= ready["ages_s"]["scheduler"] < 30
    async with platform.connection() as connection:
        await connection.execute("UPDATE scheduler_beats SET seen_at = now() - interval '10 min'")
    answer = await client.get("/health/ready")
    assert answer.status_code == 200  # requests may come: nothing accepted is lost meanwhile
    assert answer.json()["warnings"]["scheduler"].startswith("silent for 60")
