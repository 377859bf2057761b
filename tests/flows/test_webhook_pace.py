"""An endpoint that answers quickly gets many events a second, and for one that becomes slow what
was claimed ahead is given back.
"""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import httpx
import pytest

from payments.deliveries.deliver import PLACES, Deliverer
from payments.deliveries.recorder import Recorder
from payments.deliveries.writes import Attempt, claim
from payments.kernel.clock import utc_now
from tests.fixtures.platform import Platform, eventually
from tests.fixtures.receiving import OK, Receiver, delivering, endpoint, until
from tests.flows.test_webhook_fairness import FILL

MANY = 600
LEASED = "SELECT count(*) FROM webhook_deliveries WHERE next_attempt_at > now() + interval '1 s'"
LEFT = "SELECT count(*) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL"


async def fill(platform: Platform, url: str, count: int) -> None:
    async with platform.connection() as connection:
        await connection.execute(FILL, url, count)


async def is_delivered(platform: Platform) -> bool:
    return bool(await platform.value(LEFT) == 0)


async def test_each_event_arrives_once_and_no_more_than_its_places_at_a_time(
    native: httpx.AsyncClient, receiver: Receiver, deliverer: Deliverer, platform: Platform
) -> None:
    at_once, most = 0, 0

    async def answer(writer: asyncio.StreamWriter) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.002)
        writer.write(OK)
        at_once -= 1

    receiver.answer = answer
    await endpoint(native, receiver.url, "wallet.*")
    await fill(platform, receiver.url, MANY)
    await eventually(lambda: is_delivered(platform), 60.0)
    assert len(receiver.requests) == MANY
    assert set(Counter(headers["webhook-id"] for headers, _ in receiver.requests).values()) == {1}
    assert most <= PLACES
    told = "SELECT DISTINCT (status, attempt_count, jsonb_array_length(attempts))::text"
    assert await platform.value(f"{told} FROM webhook_deliveries") == "(succeeded,1,1)"
    assert not deliverer.stop.is_set()


async def test_what_was_claimed_ahead_is_given_back_when_answers_become_slow(
    native: httpx.AsyncClient, receiver: Receiver, platform: Platform
) -> None:
    is_slow = asyncio.Event()

    async def answer(writer: asyncio.StreamWriter) -> None:
        if is_slow.is_set():
            await asyncio.sleep(3.0)
        writer.write(OK)

    receiver.answer = answer
    await endpoint(native, receiver.url, "wallet.*")
    async with delivering(platform):
        await fill(platform, receiver.url, MANY)
        await eventually(lambda: is_claimed_ahead(platform), 60.0)
        is_slow.set()
        # The lease is 30 s, and sending all of it would take 24 s.
        await eventually(lambda: is_given_back(platform), 15.0)
        is_slow.clear()
        await eventually(lambda: is_delivered(platform), 60.0)
    assert len(receiver.requests) == MANY


async def is_claimed_ahead(platform: Platform) -> bool:
    return bool(await platform.value(LEASED) > 2 * PLACES)


async def is_given_back(platform: Platform) -> bool:
    return bool(await platform.value(LEASED) <= PLACES)


async def test_an_executor_that_stops_gives_back_what_it_has_not_begun(
    native: httpx.AsyncClient, receiver: Receiver, platform: Platform
) -> None:
    await endpoint(native, receiver.url, "wallet.*")
    async with delivering(platform):
        await fill(platform, receiver.url, 10 * MANY)
        await until(receiver, MANY)
    assert await platform.value(LEASED) == 0
    sent = await platform.value(
        "SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'"
    )
    assert sent == len(receiver.requests) < 10 * MANY


async def test_attempts_of_a_moment_are_written_together_and_none_is_lost(
    native: httpx.AsyncClient, receiver: Receiver, platform: Platform, monkeypatch: Any
) -> None:
    made = await endpoint(native, receiver.url, "wallet.*")
    await fill(platform, receiver.url, 3)
    endpoint_id = UUID(made["endpoint_id"])
    rows = await claim(platform.engine, {endpoint_id: 3}, 30.0)
    recorder = Recorder(platform.engine)

    def attempt(row: Any, *, is_success: bool) -> Attempt:
        return Attempt(
            delivery_id=row.id,
            endpoint_id=endpoint_id,
            is_success=is_success,
            said={"status_code": 200},
            at=utc_now(),
            again_after_s=None if is_success else 60.0,
        )

    first, second, third = rows
    await asyncio.gather(
        recorder.add(attempt(first, is_success=False)),
        recorder.add(attempt(second, is_success=False)),
        recorder.add(attempt(first, is_success=True)),  # its lease had ended: it was sent twice
    )
    counts = await platform.value(
        "SELECT array_agg(attempt_count ORDER BY 1) FROM webhook_deliveries"
    )
    assert counts == [0, 1, 2]
    failing = "SELECT failing_since FROM webhook_endpoints"
    assert await platform.value(failing) is None  # the success was the last
    await recorder.add(attempt(third, is_success=False))
    assert await platform.value(failing) is not None

    async def broken(*_: Any) -> None:
        raise ConnectionError("away")

    monkeypatch.setattr("payments.deliveries.recorder.record", broken)
    with pytest.raises(ConnectionError):
        await recorder.add(attempt(second, is_success=True))
