"""Effects of one kind or destination never hold up another's; what is halted waits and goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from payments.entrypoints.executor import Effects
from payments.kernel.ids import new_id
from payments.operations.effects import EffectContext, EffectHandler
from payments.operations.finish import EffectEntry
from streams import effects, partitions
from streams.client import create_client
from streams.commands import Client
from streams.effects import EffectWorker
from streams.entry import Entry
from tests.fixtures.platform import eventually

STREAM = partitions.effects(0)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Client]:
    made = create_client(redis_url, connections=8)
    yield made
    await made.aclose()


class Executor:
    """A worker whose `slow` lane hangs until it may go on."""

    def __init__(self, client: Client, **more: Any) -> None:
        self.client = client
        self.may_end = asyncio.Event()
        self.done: list[str] = []
        self.given_up: list[Entry] = []
        self.worker = EffectWorker(
            client,
            name="e",
            partition_count=1,
            handle=self.handle,
            give_up=self.give_up,
            lane_of=lambda entry: entry.payload.decode().partition(":")[0],
            lane_max=8,
            **more,
        )

    async def handle(self, entry: Entry) -> None:
        if entry.payload.startswith(b"slow"):
            await self.may_end.wait()
        self.done.append(entry.payload.decode())

    async def give_up(self, entry: Entry, _error: BaseException, _deliveries: int) -> None:
        self.given_up.append(entry)

    async def has_done(self, *names: str) -> bool:
        return set(names) <= set(self.done)


@asynccontextmanager
async def running(executor: Executor) -> AsyncIterator[None]:
    task = asyncio.create_task(executor.worker.run())
    try:
        yield
    finally:
        executor.may_end.set()
        executor.worker.stop.set()
        await task


async def add(client: Client, *names: str) -> None:
    for name in names:
        await client.execute_command("XADD", STREAM, "*", partitions.FIELD, name)


async def length(client: Client) -> int:
    return int(await client.xlen(STREAM))


@pytest.mark.case("C7")
async def test_a_hanging_lane_holds_up_no_other(client: Client) -> None:
    executor = Executor(client)
    slow = [f"slow:{n}" for n in range(80)]
    await add(client, *slow, "payout:1")
    async with running(executor):
        await eventually(lambda: executor.has_done("payout:1"), 5)
        assert executor.done == ["payout:1"]
        executor.may_end.set()
        await eventually(lambda: executor.has_done(*slow), 20)
    assert sorted(executor.done) == sorted([*slow, "payout:1"])  # each once
    assert await length(client) == 0
    assert executor.given_up == []


@pytest.mark.case("C1", "C7")
async def test_a_halted_lane_waits_and_goes_on_by_itself(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it waits, that is no failed attempt."""
    monkeypatch.setattr(effects, "RECLAIM_EVERY_S", 0.1)
    halted = {"send"}
    executor = Executor(client, may_run=lambda lane: lane not in halted, reclaim_idle_ms=100)
    await add(client, "send:1", "ask:1")
    async with running(executor):
        await eventually(lambda: executor.has_done("ask:1"), 5)
        await asyncio.sleep(1)  # several sweeps over what is pending
        assert executor.done == ["ask:1"]
        (row,) = await client.xpending_range(STREAM, partitions.EFFECTS_GROUP, "-", "+", 10)
        assert row["times_delivered"] == 1
        halted.clear()
        await eventually(lambda: executor.has_done("send:1"), 5)
    assert await length(client) == 0


@pytest.mark.case("C7")
async def test_what_waited_at_a_restart_is_found_again(client: Client) -> None:
    first = Executor(client, may_run=lambda lane: lane != "slow")
    names = [f"slow:{n}" for n in range(250)]  # more than a page of what is pending
    await add(client, *names, "other:1")
    async with running(first):
        await eventually(lambda: first.has_done("other:1"), 10)
    second = Executor(client)
    second.may_end.set()
    async with running(second):
        await eventually(lambda: second.has_done(*names), 20)
    assert sorted(second.done) == sorted(names)


class Hook(msgspec.Struct):
    """Somebody's own address."""

    url: str


@pytest.mark.case("C7")
def test_kind_and_destination_make_a_lane() -> None:
    async def run(_body: Hook, _context: EffectContext) -> None:
        """Nothing."""

    hook = EffectHandler(kind="hook", body=Hook, run=run, destination=lambda body: body.url)
    plain = EffectHandler(kind="mail", body=Hook, run=run, is_asking=True)
    made = Effects([hook, plain], {}, "")

    def lane(kind: str, url: str) -> str:
        body = msgspec.Raw(msgspec.json.encode(Hook(url)))
        effect = EffectEntry(id="1:0", operation_id=new_id(), kind=kind, body=body)
        return made.lane_of(Entry(0, "1-0", msgspec.json.encode(effect)))

    lanes = [lane("hook", "a"), lane("hook", "b"), lane("mail", "a"), lane("mail", "b")]
    assert lanes == ["hook|a", "hook|b", "mail", "mail"]
    assert [made.is_asking(name) for name in lanes] == [False, False, True, True]
    assert made.lane_of(Entry(0, "1-0", b"no JSON")) == ""
