"""The executor is really killed at each step of a delivery: every event arrives, and none is lost.

How often it arrives is counted: again only when it was killed with the receiver's answer in hand.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from payments.deliveries.writes import spread
from payments.kernel.clock import utc_now
from payments.registry import PACKINGS
from tests.faults.roles import Role, role_env
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import Platform, api_key, eventually
from tests.fixtures.receiving import OK, Receiver, endpoint, receiving
from tests.flows.native import opened

pytestmark = pytest.mark.faults

LIMIT_S = 1
STEPS = {
    "making": ("SELECT FROM webhook_position FOR UPDATE", 1),
    "claiming": ("LOCK TABLE webhook_deliveries IN SHARE MODE", 1),
    "sending": ("", 2),
    "recording": ("LOCK TABLE webhook_deliveries IN SHARE MODE", 2),
    "recorded": ("", 1),
}
"""What a session of ours locks, so that the executor stands at the step; how often it arrives."""


class Executor:
    """`payments executor` as a process."""

    def __init__(self, platform: Platform) -> None:
        self._env = {
            **role_env(platform.database_url, platform.redis_url),
            "PAYMENTS_WEBHOOK_TIMEOUT_S": str(LIMIT_S),
            "PAYMENTS_PARTITIONS": str(platform.settings.partitions),
        }

    def start(self) -> Role:
        return Role("executor", self._env)


async def stands_still(platform: Platform) -> None:
    """Wait until a session of the executor waits for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'payments-executor'"
        " AND wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def look() -> bool:
        return bool(await platform.value(query))

    await eventually(look, 30.0)


@asynccontextmanager
async def locked(platform: Platform, statement: str) -> AsyncIterator[None]:
    async with platform.connection() as connection, connection.transaction():
        await connection.execute(statement)
        yield


async def arrived(receiver: Receiver, count: int) -> None:
    async def look() -> bool:
        return len(receiver.requests) >= count

    await eventually(look, 30.0)


async def killed_at(step: str, platform: Platform, receiver: Receiver, executor: Executor) -> None:
    """Run an executor until it stands at the step, and kill it there."""
    statement, _ = STEPS[step]
    if step in {"making", "claiming"}:
        if step == "claiming":
            await spread(platform.engine, PACKINGS, utc_now())
        async with locked(platform, statement):
            process = executor.start()
            await stands_still(platform)
            process.kill()
        return
    answer = asyncio.Event()

    async def waits(writer: asyncio.StreamWriter) -> None:
        await answer.wait()
        writer.write(OK)

    receiver.answer = waits
    process = executor.start()
    await arrived(receiver, 1)
    if step == "recording":
        async with locked(platform, statement):
            answer.set()
            await stands_still(platform)
            process.kill()
    elif step == "recorded":
        answer.set()
        await eventually(lambda: is_recorded(platform), 30.0)
        process.kill()
    else:
        process.kill()
        answer.set()
    receiver.answer = receiver._ok


async def is_recorded(platform: Platform) -> bool:
    query = "SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'"
    return bool(await platform.value(query))


@pytest.mark.parametrize("step", STEPS)
async def test_killed_and_every_event_arrives(
    client: httpx.AsyncClient, platform: Platform, step: str
) -> None:
    client.headers.update(await api_key(platform))
    executor = Executor(platform)
    async with receiving() as receiver:
        await endpoint(client, receiver.url, "wallet.opened")
        await opened(client)
        await killed_at(step, platform, receiver, executor)
        assert (
            not await platform.value(
                "SELECT count(*) FROM webhook_deliveries WHERE status = 'succeeded'"
            )
            or step == "recorded"
        )
        process = executor.start()
        try:
            await opened(client)
            times = STEPS[step][1]
            await arrived(receiver, times + 1)
        finally:
            process.kill()
        events = (await client.get("/v1/events?type=wallet.opened")).json()["items"]
        counted = Counter(json.loads(body)["id"] for _, body in receiver.requests)
        assert counted == {events[0]["id"]: times, events[1]["id"]: 1}
    await assert_invariants(platform.database_url, platform.redis_url)
