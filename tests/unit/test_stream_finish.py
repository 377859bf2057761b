"""How a step ends: what is owed reaches its stream before its entries are acknowledged."""

from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from redis.exceptions import ResponseError

from payments.kernel.ids import OperationId
from payments.operations.bulk import KIND, AcceptBulk
from payments.operations.envelope import seal
from payments.operations.finish import steps
from payments.operations.items import Answer
from streams.consumer import _Session
from streams.entry import Entry
from streams.finishing import Step
from streams.shifts import NoContention
from tests.unit.http_app import NOW, decision_of

ENTRIES = [Entry(1, "5-0", b""), Entry(2, "6-0", b"")]
ACKNOWLEDGED = ["xack", "xack", "xdel", "xdel", "set", "set"]


class FullRedis:
    """Refuses XADD, as a Redis out of memory does, and takes the rest; keeps what was executed."""

    def __init__(self, *, is_full: bool) -> None:
        self.is_full = is_full
        self.executed: list[str] = []

    def finishing(self) -> Any:
        waiting: list[str] = []

        async def execute(*, raise_on_error: bool = True) -> list[Any]:
            taken, waiting[:] = list(waiting), []
            refused = [self.is_full and command in {"xadd", "set"} for command in taken]
            self.executed += [c for c, no in zip(taken, refused, strict=True) if not no]
            oom = ResponseError("OOM command not allowed")
            if raise_on_error and any(refused):
                raise oom
            return [oom if no else b"OK" for no in refused]

        pipeline = SimpleNamespace(execute=execute)
        for name in ("xadd", "xack", "xdel", "publish", "set"):
            setattr(pipeline, name, lambda *_, name=name, **__: waiting.append(name))
        return pipeline


def session(redis: FullRedis) -> _Session:
    consumer = SimpleNamespace(
        client=redis, name="one", handler=None, apart=None, contention=NoContention()
    )
    return _Session(cast("Any", consumer), [], cast("Any", None))


async def complete(redis: FullRedis, *, is_owed: bool) -> list[str]:
    def send(pipeline: Any) -> None:
        pipeline.xadd("effects")
        pipeline.publish("outcome")

    await session(redis)._complete(Step(ENTRIES, send, is_owed=is_owed))
    return redis.executed


async def test_what_is_owed_goes_first() -> None:
    assert await complete(FullRedis(is_full=False), is_owed=True) == [
        "xadd", "publish", *ACKNOWLEDGED,
    ]  # fmt: skip


async def test_entries_whose_effects_are_refused_stay_pending() -> None:
    full = FullRedis(is_full=True)
    with pytest.raises(ResponseError):
        await complete(full, is_owed=True)
    assert full.executed == ["publish"]


async def test_without_it_a_full_redis_would_lose_effects() -> None:
    """What the flag is for: in one pipeline the acknowledgement goes through."""
    full = FullRedis(is_full=True)
    with pytest.raises(ResponseError):
        await complete(full, is_owed=False)
    assert full.executed == ["publish", *ACKNOWLEDGED[:4]]


def test_effects_are_owed_and_outcomes_are_not() -> None:
    plain = decision_of(UUID(int=1))
    effect = decision_of(UUID(int=2), effects='[{"kind":"mail","body":{}}]')
    answers = [Answer(ENTRIES[0], None, effect), Answer(ENTRIES[1], None, plain)]
    assert [(step.entries, step.is_owed) for step in steps(answers, lambda _: "")] == [
        ([ENTRIES[1]], False),  # first what drains a full Redis
        ([ENTRIES[0]], True),
    ]


def test_a_bulk_is_the_outbox_of_its_items() -> None:
    """Acknowledged before an item's effects are on their stream, it would lose them in a crash."""
    whole, other = (
        seal(OperationId(UUID(int=n)), KIND, "test", AcceptBulk(parts=()), NOW, "") for n in (7, 8)
    )
    effect = decision_of(UUID(int=2), effects='[{"kind":"mail","body":{}}]')
    plain = decision_of(UUID(int=1))
    answers = [
        Answer(ENTRIES[0], whole, plain),
        Answer(ENTRIES[0], None, plain, whole=whole),
        Answer(ENTRIES[0], None, effect, whole=whole),
        Answer(ENTRIES[1], other, plain),
        Answer(ENTRIES[1], None, plain, whole=other),
    ]
    assert [(step.entries, step.is_owed) for step in steps(answers, lambda _: "")] == [
        ([ENTRIES[1]], False),
        ([ENTRIES[0]], True),
    ]
