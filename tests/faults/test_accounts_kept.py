"""Accounts in consumers' memory while others change and lock them, and consumers come and go."""

import asyncio
import itertools
from contextlib import AsyncExitStack
from typing import Any

import pytest

from payments.entrypoints.consumer import TELLER
from payments.holds.create import OPERATION as CREATE_HOLD
from payments.holds.create import CreateHold
from payments.kernel.clock import utc_now
from payments.kernel.database import Connection, connect
from payments.kernel.ids import OperationId
from payments.operations.apply import Applier
from payments.operations.envelope import Intent
from payments.operations.operation import Operation
from payments.operations.submit import keyed
from payments.registry import OPERATIONS
from payments.transfers.create import OPERATION as CREATE_TRANSFER
from payments.wallets import adjust
from payments.wallets.freeze import OPERATION as FREEZE
from payments.wallets.freeze import FreezeWallet
from streams.ownership import ensure_partitions
from tests.faults.guards import credit, entry_of, opened, transfer
from tests.faults.journal import Door, undecided
from tests.faults.stage import consumer
from tests.fixtures.invariants import assert_invariants
from tests.fixtures.platform import eventually

pytestmark = pytest.mark.faults

_WALLETS, _OPENING, _OPERATIONS, _CLIENTS = 307, 100, 30_000, 128
_END_A_SESSION = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
    " AND application_name = 'payments-consumer' ORDER BY random() LIMIT 1"
)
_IN_WALLETS = (
    "SELECT sum(credits_posted - debits_posted)::bigint FROM accounts"
    " JOIN wallets ON wallets.id = accounts.id"
)
_TWICE = (
    "SELECT count(*) FROM (SELECT FROM entries JOIN operations o ON o.id = operation_id"
    " WHERE o.kind = 'transfer.create' GROUP BY o.id HAVING count(*) <> 2) AS wrong"
)


class Others:
    """Whoever else is at work on the database: one thing after another."""

    def __init__(self, session: Connection, wallets: list[int]) -> None:
        self._session = session
        self._wallets = itertools.cycle(wallets[::7])
        self.credited = 0

    async def work(self, is_over: asyncio.Event) -> None:
        """Something ten times a second."""
        while not is_over.is_set():
            for thing in (*[self._credit, self._lock] * 6, self._end_session):
                await thing(next(self._wallets))
                await asyncio.sleep(0.1)

    async def _credit(self, wallet: int) -> None:
        """As a consumer does, beside those that own the partitions; a frozen wallet refuses."""
        entry = entry_of(adjust.OPERATION.kind, credit(wallet, 7), 1)
        (answer,) = await Applier(OPERATIONS, utc_now, TELLER).apply(self._session, [entry])
        assert answer.decision is not None
        self.credited += 7 * (answer.decision.status == "applied")

    async def _lock(self, wallet: int) -> None:
        async with self._session.transaction():
            await self._session.execute("SELECT FROM accounts WHERE id = $1 FOR UPDATE", wallet)
            await asyncio.sleep(0.2)

    async def _end_session(self, _wallet: int) -> None:
        await self._session.execute(_END_A_SESSION)


def intent_of(number: int, wallets: list[int]) -> tuple[Operation[Any], Intent]:
    """Transfers for the most part; holds, and wallets frozen and not."""
    place = number * 7919 % _WALLETS
    a, b = wallets[place], wallets[(place + 1 + number % (_WALLETS - 1)) % _WALLETS]
    if number % 20 == 1:
        return CREATE_HOLD, CreateHold(wallet_id=a, minor=3, currency="RUB")
    if number % 100 == 2:
        return FREEZE, FreezeWallet(wallet_id=a, is_frozen=number % 200 == 2)
    return CREATE_TRANSFER, transfer(a, b, number % 50 + 1)


async def send(door: Door, wallets: list[int], accepted: set[OperationId]) -> None:
    """All operations, one in a hundred twice."""
    numbers = iter(range(_OPERATIONS))

    async def client() -> None:
        for number in numbers:
            operation, intent = intent_of(number, wallets)
            request = keyed(operation, intent, actor="anybody", key=str(number))
            for _ in range(2 if number % 100 == 0 else 1):
                accepted.add((await door.submitter(request)).operation_id)

    await asyncio.gather(*(client() for _ in range(_CLIENTS)))


async def are_accepted(accepted: set[OperationId], count: int) -> bool:
    """True when so many are."""
    return len(accepted) >= count


async def are_decided(database: str, accepted: set[OperationId]) -> bool:
    """True when all of them have an outcome."""
    return await undecided(database, accepted) == 0


async def test_a_backlog_is_decided_once_whatever_others_do(database: str, redis_url: str) -> None:
    session = await connect(database)
    await ensure_partitions(session, 4)
    accepted: set[OperationId] = set()
    is_over = asyncio.Event()
    async with AsyncExitStack() as hosts, Door(database, redis_url) as door:
        first = await hosts.enter_async_context(consumer(database, redis_url))
        wallets = await opened(door, _WALLETS, _OPENING)
        others = Others(session, wallets)
        at_work = asyncio.create_task(others.work(is_over))
        sending = asyncio.create_task(send(door, wallets, accepted))
        await eventually(lambda: are_accepted(accepted, _OPERATIONS // 3))
        for _ in "ab":
            await hosts.enter_async_context(consumer(database, redis_url))
        await sending
        first.kill()
        await eventually(lambda: are_decided(database, accepted), 90, every_s=0.2)
        is_over.set()
        await at_work
        await assert_invariants(database, redis_url)
    assert len(accepted) == _OPERATIONS
    assert await session.fetchval(_TWICE) == 0
    assert await session.fetchval("SELECT count(*) FROM dead_letters") == 0
    assert others.credited
    assert await session.fetchval(_IN_WALLETS) == _WALLETS * _OPENING + others.credited
    await session.close()
