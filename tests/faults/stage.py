"""Setting a fault on stage: a database, wallets with money, consumers, a door with a journal."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from payments.kernel.clock import monotonic_s
from payments.kernel.database import connect
from payments.operations.operation import Operation
from payments.operations.submit import Submitter, fresh
from payments.wallets import adjust
from payments.wallets import open as open_wallet
from tests.faults.journal import OPENING_MINOR, Door, Journal


class ConsumerProcess:
    """`python -m tests.faults.crashing_consumer` as a child."""

    def __init__(self, database_url: str, redis_url: str, point: str = "none") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.crashing_consumer", database_url, redis_url, point]
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ended(self, deadline_s: float = 20) -> int:
        """The exit code, once it has ended."""
        until = monotonic_s() + deadline_s
        while (code := self._process.poll()) is None:
            assert monotonic_s() < until, "the consumer goes on living"
            await asyncio.sleep(0.02)
        return code

    def kill(self) -> None:
        """SIGKILL, and wait."""
        self._process.kill()
        self._process.wait()

    def signal(self, number: int) -> None:
        """Any other signal."""
        self._process.send_signal(number)


@asynccontextmanager
async def consumer(
    database_url: str, redis_url: str, point: str = "none"
) -> AsyncIterator[ConsumerProcess]:
    """A consumer process that is gone afterwards, whatever happened."""
    process = ConsumerProcess(database_url, redis_url, point)
    try:
        yield process
    finally:
        process.kill()


async def applied(submitter: Submitter, operation: Operation[Any], intent: Any) -> dict[str, Any]:
    """Submit, wait long, and give the result."""
    ticket = await submitter(fresh(operation, intent, actor="stage"), 20)
    assert ticket.decision is not None, "not decided in time"
    result: dict[str, Any] = msgspec.json.decode(ticket.decision.result)
    return result


async def two_wallets(door: Door) -> list[int]:
    """Two wallets with money; needs a consumer."""
    wallets = []
    for owner in ("a", "b"):
        opened = await applied(
            door.submitter,
            open_wallet.OPERATION,
            open_wallet.OpenWallet(currency="RUB", owner=owner),
        )
        wallets.append(int(opened["wallet_id"]))
        credit = adjust.AdjustWallet(
            wallet_id=wallets[-1],
            minor=OPENING_MINOR,
            currency="RUB",
            is_credit=True,
            reason="stage",
        )
        await applied(door.submitter, adjust.OPERATION, credit)
    return wallets


@asynccontextmanager
async def journal(
    database_url: str, redis_url: str
) -> AsyncIterator[tuple[Door, Journal, list[int]]]:
    """A door, a journal and two wallets, opened with the help of a consumer that is gone again."""
    async with Door(database_url, redis_url) as door:
        async with consumer(database_url, redis_url):
            wallets = await two_wallets(door)
        yield door, Journal(door.submitter, wallets), wallets


async def value(database_url: str, query: str, *arguments: Any) -> Any:
    """The first column of the first row."""
    connection = await connect(database_url)
    try:
        return await connection.fetchval(query, *arguments)
    finally:
        await connection.close()
