"""The scheduler on real servers: a run happens once, stopping waits, each job does its work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

import payments.holds.create
import payments.wallets.adjust
import payments.wallets.open
from payments.entrypoints.scheduler import create_tools
from payments.holds.create import CreateHold
from payments.wallets.adjust import AdjustWallet
from payments.wallets.open import OpenWallet
from scheduler import runs
from scheduler.heartbeat import Heartbeat
from scheduler.job import Job, Tools
from scheduler.jobs import (
    expire_holds,
    match_bank_payments,
    prune_job_runs,
    run_checks,
    run_full_audit,
    watch_jobs,
    watch_streams,
)
from scheduler.schedule import JOBS, WATCH
from streams import partitions
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, eventually

Run = Callable[[Tools], Awaitable[int]]


@pytest.fixture
async def tools(platform: Platform) -> AsyncIterator[Tools]:
    async with create_tools(platform.settings) as made:
        yield made


def job(run: Run, *, id_: str = "probe", every_s: int = 3600) -> Job:
    return Job(id=id_, every_s=every_s, run=run)


@asynccontextmanager
async def beating(tools: Tools, *jobs: Job) -> AsyncIterator[Heartbeat]:
    heartbeat = Heartbeat(jobs, tools, "one")
    heartbeat.start()
    try:
        yield heartbeat
    finally:
        await heartbeat.stop(deadline_s=5)


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_two_schedulers_run_a_slot_once(platform: Platform, tools: Tools) -> None:
    count = 0

    async def run(_: Tools) -> int:
        nonlocal count
        count += 1
        return 7

    async with create_tools(platform.settings) as others:
        both = [Heartbeat([job(run)], tools, "one"), Heartbeat([job(run)], others, "two")]
        for heartbeat in both:
            heartbeat.start()

        async def is_finished() -> bool:
            return bool(await platform.value("SELECT handled = 7 FROM job_runs"))

        await eventually(is_finished)
        for heartbeat in both:
            await heartbeat.stop()
    assert count == 1
    assert await platform.value("SELECT count(*) FROM job_runs") == 1


async def test_the_next_slot_runs_again(platform: Platform, tools: Tools) -> None:
    async def run(_: Tools) -> int:
        return 0

    async def has_run_twice() -> bool:
        return bool(await platform.value("SELECT count(handled) >= 2 FROM job_runs"))

    async with beating(tools, job(run, every_s=1)):
        await eventually(has_run_twice)
    assert not await platform.value(
        "SELECT count(*) FROM job_runs WHERE slot <> date_trunc('second', slot)"
    )


async def test_a_failure_is_written_down_and_counted(platform: Platform, tools: Tools) -> None:
    async def run(_: Tools) -> int:
        raise ValueError("no luck")

    before = metric("payments_job_troubles_total", job="failing", trouble="error")

    async def error() -> str | None:
        found: str | None = await platform.value("SELECT error FROM job_runs")
        return found

    async with beating(tools, job(run, id_="failing")):
        assert "no luck" in str(await eventually(error))
    assert metric("payments_job_troubles_total", job="failing", trouble="error") == before + 1
    assert await runs.last_runs(tools.engine, ["failing"]) == {}


async def test_stopping_waits_for_what_runs(tools: Tools) -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def run(_: Tools) -> int:
        begun.set()
        await may_end.wait()
        return 1

    heartbeat = Heartbeat([job(run)], tools, "one")
    heartbeat.start()
    await begun.wait()
    stopping = asyncio.create_task(heartbeat.stop())
    await asyncio.sleep(0)
    may_end.set()
    await stopping
    assert (await runs.last_runs(tools.engine, ["probe"]))["probe"].handled == 1


async def test_what_does_not_end_is_cancelled_at_the_deadline(
    platform: Platform, tools: Tools
) -> None:
    begun = asyncio.Event()

    async def run(_: Tools) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 1

    heartbeat = Heartbeat([job(run)], tools, "one")
    heartbeat.start()
    await begun.wait()
    await heartbeat.stop(deadline_s=0.05)
    assert "Cancelled" in await platform.value("SELECT error FROM job_runs")


async def hold(platform: Platform, expires_in_s: int | None) -> None:
    """A wallet with 100.00, of which 40.00 are held."""
    opened = await platform.apply(
        payments.wallets.open.OPERATION, OpenWallet(currency="RUB", owner="me")
    )
    wallet_id = opened["wallet_id"]
    await platform.apply(
        payments.wallets.adjust.OPERATION,
        AdjustWallet(wallet_id=wallet_id, minor=10_000, currency="RUB", is_credit=True, reason=""),
    )
    await platform.apply(
        payments.holds.create.OPERATION,
        CreateHold(wallet_id=wallet_id, minor=4000, currency="RUB", expires_in_s=expires_in_s),
    )


async def test_holds_expire(platform: Platform, tools: Tools) -> None:
    await hold(platform, expires_in_s=1)
    await hold(platform, expires_in_s=3600)
    await hold(platform, expires_in_s=None)

    async def asked() -> int:
        return await expire_holds.run(tools)

    assert await eventually(asked) == 1
    await platform.settled()
    assert await platform.value("SELECT count(*) FROM holds WHERE closed_at IS NULL") == 2
    assert await platform.value("SELECT sum(debits_pending) FROM accounts") == 8000
    assert (
        await platform.value("SELECT actor FROM operations WHERE kind = 'hold.release'")
        == "scheduler"
    )
    assert await expire_holds.run(tools) == 0
    await assert_invariants(platform.database_url, platform.redis_url)


async def test_a_hold_is_asked_for_once_while_it_waits(
    platform: Platform, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three sweeps before the consumer comes, in pages of two: five holds, five operations."""
    for _ in range(5):
        await hold(platform, expires_in_s=3600)
    async with platform.connection() as connection:
        await connection.execute("UPDATE holds SET expires_at = now() - interval '10 s'")
    await platform.settled()
    await platform.stop_consumer()
    monkeypatch.setattr(expire_holds, "BATCH", 2)
    assert [await expire_holds.run(tools) for _ in range(3)] == [5, 5, 5]
    await platform.start_consumer()
    await platform.settled()
    assert await platform.value("SELECT count(*) FROM operations WHERE kind = 'hold.release'") == 5
    assert await platform.value("SELECT sum(debits_pending) FROM accounts") == 0


async def test_a_closed_door_ends_the_sweep(platform: Platform) -> None:
    await hold(platform, expires_in_s=3600)
    async with platform.connection() as connection:
        await connection.execute("UPDATE holds SET expires_at = now() - interval '10 s'")
        await connection.execute("UPDATE stream_partitions SET halted_reason = 'test'")
    async with create_tools(platform.settings) as shut_out:
        assert await expire_holds.run(shut_out) == 0
    assert await platform.value("SELECT count(*) FROM operations WHERE kind = 'hold.release'") == 0


async def test_nothing_is_matched_without_payments(tools: Tools) -> None:
    assert await match_bank_payments.run(tools) == 0


async def test_checks_run_and_report(platform: Platform, tools: Tools) -> None:
    await hold(platform, expires_in_s=None)
    await platform.settled()
    assert await run_checks.run(tools) == 0
    assert await run_full_audit.run(tools) == 0
    async with platform.connection() as connection:
        await connection.execute("UPDATE accounts SET debits_pending = debits_pending + 1")
    assert await run_checks.run(tools) == 1
    assert await run_full_audit.run(tools) == 1
    assert metric("payments_invariant_breaches", check="pending_is_open_holds") > 0
    assert metric("payments_invariant_breaches", check="legs_sum_to_zero") == 0


async def test_streams_are_watched(platform: Platform, tools: Tools) -> None:
    await eventually(lambda: _no_alarm(tools))
    await platform.stop_consumer()
    async with platform.connection() as connection:
        await connection.execute("DELETE FROM stream_consumers")
        await connection.execute(
            "INSERT INTO dead_letters"
            " (stream, partition, stream_id, payload, error, attempts, parked_at)"
            " VALUES ('intents', 0, '1-1', '', 'x', 1, now())"
        )
    old = "1000-0"
    stream = partitions.intents(3)
    await platform.redis.delete(stream)
    await platform.redis.xadd(stream, {partitions.FIELD: b"x"}, id=old)
    assert await watch_streams.run(tools) == 3
    assert metric("payments_dead_letters", stream="intents") == 1
    assert metric("payments_stream_backlog", stream="intents", partition="03") == 1
    assert metric("payments_stream_oldest_seconds", stream="intents", partition="03") > 1e6
    assert metric("payments_consumers_alive") == 0


async def _no_alarm(tools: Tools) -> bool:
    return await watch_streams.run(tools) == 0


async def test_a_job_that_stopped_succeeding_raises_an_alarm(tools: Tools) -> None:
    now = tools.clock()
    probe = job(run_checks.run, every_s=60)
    assert await watch_jobs.watch([probe], tools) == 0
    for age_s, alarms in ((3600, 1), (10, 0)):
        at = now - timedelta(seconds=age_s)
        await runs.claim(tools.engine, "probe", at, "me")
        await runs.finish(tools.engine, "probe", at, at, 5)
        assert await watch_jobs.watch([probe], tools) == alarms
        assert metric("payments_job_last_success_age_seconds", job="probe") >= age_s
    assert metric("payments_job_last_handled", job="probe") == 5


async def test_old_runs_are_pruned_and_the_newest_success_stays(
    platform: Platform, tools: Tools
) -> None:
    for day in (1, 2, 3):
        slot = datetime(2020, 1, day, tzinfo=UTC)
        await runs.claim(tools.engine, "probe", slot, "me")
        await runs.finish(tools.engine, "probe", slot, slot, day)
    assert await prune_job_runs.run(tools) == 2
    assert await platform.value("SELECT handled FROM job_runs") == 3


async def test_the_whole_timetable_beats(platform: Platform, tools: Tools) -> None:
    claimed = {j.id for j in JOBS if not j.is_everywhere}

    async def done() -> bool:
        return claimed == set(await runs.last_runs(tools.engine, claimed))

    async with beating(tools, *JOBS, WATCH):
        await eventually(done)
    assert not await platform.value("SELECT count(error) FROM job_runs")
