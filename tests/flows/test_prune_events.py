"""Months of events are made ahead and let go, and readers are told."""

from datetime import UTC, datetime, timedelta

import httpx

from payments.deliveries.writes import prune, spread
from payments.events.event import Event
from payments.events.writes import add_to, keep_months, number
from payments.kernel.clock import utc_now
from payments.kernel.ids import new_id
from payments.registry import PACKINGS
from tests.fixtures.platform import Platform
from tests.fixtures.receiving import (
    Receiver,
    attempted,
    deliveries,
    delivering,
    endpoint,
    until,
)
from tests.flows.native import opened

THEN = datetime(2026, 1, 15, tzinfo=UTC)


async def _some(platform: Platform, moment: datetime) -> None:
    event = Event(type="transfer.applied", operation_id=new_id(), client="x", data={})
    async with platform.engine.begin() as connection:
        await add_to(connection, [event, event], moment)
    await number(platform.engine)


async def test_old_months_are_let_go_and_it_is_on_record(
    native: httpx.AsyncClient, platform: Platform
) -> None:
    assert await keep_months(platform.engine, 0, THEN) == 0
    for days in (0, 40, 80):
        await _some(platform, THEN + timedelta(days=days))
    rest = await platform.value("SELECT count(*) FROM event_batches_rest")
    assert rest == 1  # the third month has no partition: three were made
    assert await keep_months(platform.engine, 50, THEN + timedelta(days=80)) == 1
    rows = "SELECT string_agg(first_sequence || '-' || last_sequence, ' ') FROM event_prunings"
    assert await platform.value(rows) == "1-2"
    gone = await native.get("/v1/events?after=1")
    assert (gone.status_code, gone.json()["code"], gone.json()["oldest_kept"]) == (
        410, "events_pruned", 3,
    )  # fmt: skip
    kept = (await native.get("/v1/events")).json()["items"]
    assert [one["sequence"] for one in kept][:2] == [3, 4]


async def test_without_partitions_rows_are_deleted(platform: Platform) -> None:
    await _some(platform, THEN)
    await _some(platform, THEN + timedelta(days=300))
    assert await keep_months(platform.engine, 30, THEN + timedelta(days=300)) == 0
    assert await platform.value("SELECT pruned_through FROM event_position") == 2
    assert await platform.value("SELECT count(*) FROM event_batches") == 1


async def test_what_webhooks_are_still_made_of_stays(platform: Platform) -> None:
    await _some(platform, THEN)
    await _some(platform, THEN + timedelta(days=300))
    now = THEN + timedelta(days=300)
    assert await keep_months(platform.engine, 30, now, through=1) == 0
    assert await platform.value("SELECT count(*) FROM event_batches") == 2
    assert await platform.value("SELECT pruned_through FROM event_position") == 0
    await keep_months(platform.engine, 30, now, through=2)
    assert await platform.value("SELECT count(*) FROM event_batches") == 1
    assert await platform.value("SELECT pruned_through FROM event_position") == 2


async def test_deliveries_that_are_over_are_let_go_with_a_record(
    native: httpx.AsyncClient, platform: Platform, receiver: Receiver
) -> None:
    made = await endpoint(native, receiver.url, "wallet.opened")
    async with delivering(platform):
        for _ in range(3):
            await opened(native)
        await until(receiver, 3)
        await attempted(native, made)
    await opened(native)
    now = utc_now()
    await spread(platform.engine, PACKINGS, now)
    old = now + timedelta(days=31)
    assert await prune(platform.engine, old - timedelta(days=32), old, 2) == 0
    assert await prune(platform.engine, old - timedelta(days=30), old, 2) == 3
    left = await deliveries(native, made)
    assert [one["status"] for one in left] == ["pending"]
    assert await platform.value("SELECT sum(deliveries) FROM webhook_prunings") == 3
