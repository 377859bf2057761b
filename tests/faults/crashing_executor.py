"""A real executor process that kills itself at a chosen step of its first payout.

`python -m tests.faults.crashing_executor STEP`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.entrypoints.environment import read_settings
from payments.entrypoints.executor import create_executor
from payments.entrypoints.superpay import superpay_client
from payments.kernel.clock import utc_now
from payments.kernel.database import create_engine
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Request, Submitter, Ticket
from payments.surfaces.superpay.client import SuperPayClient

STEPS = ("before_claim", "after_claim", "mid_call", "after_answer", "after_report")
NAME = "executor-test"
_MID_CALL_S = 0.3


def die() -> None:
    """As the out-of-memory killer would."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingSubmitter(Submitter):
    """Dies around a kind of operation."""

    def __init__(self, inner: Submitter, step: str) -> None:
        self._inner = inner
        self._step = step

    async def __call__(self, request: Request, wait_s: float = 0) -> Ticket:
        """Submit, and die where the step says."""
        kind = request.operation.kind
        if kind == "payout.submit" and self._step == "before_claim":
            die()
        ticket = await self._inner(request, wait_s)
        if kind == "payout.submit" and self._step == "after_claim":
            die()
        if kind == "payout.observe" and self._step == "after_report":
            die()
        return ticket


def dying_call(step: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """The client's call, dying in it or right after it."""

    async def wrapped(*arguments: Any) -> Any:
        if step == "mid_call":
            asyncio.get_running_loop().call_later(_MID_CALL_S, die)
        answer = await call(*arguments)
        if step == "after_answer":
            die()
        return answer

    return wrapped


async def main(step: str) -> None:
    """Run effects until death."""
    settings = read_settings()
    database_url, redis_url = settings.database_url.reveal(), settings.redis_url.reveal()
    door = RedisDoor(redis_url, database_url, partition_count=settings.partitions)
    outcomes = OutcomeReader(redis_url, database_url)
    await door.start()
    await outcomes.start()
    client = superpay_client(settings)
    assert client is not None
    client.payout = dying_call(step, client.payout)  # type: ignore[method-assign, assignment]
    tools: dict[type[Any], Any] = {
        Submitter: DyingSubmitter(Submitter(door, outcomes, utc_now), step),
        AsyncEngine: create_engine(database_url, pool_size=2),
        SuperPayClient: client,
    }
    worker = await create_executor(
        database_url, redis_url, tools, partitions=settings.partitions, name=NAME
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
