"""A client that writes down every answer; the reckoning: nothing lost, nothing doubled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import asyncpg

from payments.kernel.clock import monotonic_s, utc_now
from payments.kernel.database import connect
from payments.kernel.errors import PaymentsError
from payments.kernel.ids import OperationId
from payments.operations.door import RedisDoor
from payments.operations.results import OutcomeReader
from payments.operations.submit import Submitter, keyed
from payments.transfers.create import OPERATION, CreateTransfer

OPENING_MINOR = 10**9


class Journal:
    """Sends transfers of 1 between two wallets, repeating each key until it is accepted."""

    def __init__(self, submitter: Submitter, wallets: list[int], description: str = "") -> None:
        self._submitter = submitter
        self._description = description
        self._wallets = wallets
        self.accepted: set[OperationId] = set()
        self.turned_away = 0
        self._number = 0
        self._stop = asyncio.Event()

    async def send(self, count: int, *, patience_s: float = 60) -> None:
        """`count` transfers, accepted all of them, however often the door has to be tried."""
        until = monotonic_s() + patience_s
        for _ in range(count):
            if self._stop.is_set():
                return
            self._number += 1
            await self._accepted(self._number, until)

    async def _accepted(self, number: int, until: float) -> None:
        source, destination = self._wallets[number % 2], self._wallets[(number + 1) % 2]
        intent = CreateTransfer(
            source_wallet_id=source,
            destination_wallet_id=destination,
            minor=1,
            currency="RUB",
            description=self._description,
        )
        request = keyed(OPERATION, intent, actor="journal", key=f"{id(self)}-{number}")
        while True:
            try:
                ticket = await self._submitter(request)
            except PaymentsError:
                self.turned_away += 1
                if monotonic_s() >= until:
                    raise  # the door did not open again in time
                await asyncio.sleep(0.05)
            else:
                self.accepted.add(ticket.operation_id)
                return

    @asynccontextmanager
    async def load(self, clients: int = 4) -> AsyncIterator[None]:
        """Load in the background while the body breaks things."""
        tasks = [asyncio.create_task(self.send(10**6)) for _ in range(clients)]
        try:
            yield
        finally:
            self._stop.set()
            await asyncio.gather(*tasks)


class Door:
    """What a client needs of a process: the door, the outcomes and a submitter."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self.door = RedisDoor(redis_url, database_url, partition_count=4)
        self.outcomes = OutcomeReader(redis_url, database_url)
        self.submitter = Submitter(self.door, self.outcomes, utc_now)

    async def __aenter__(self) -> Self:
        await self.door.start()
        await self.outcomes.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.outcomes.stop()
        await self.door.stop()


async def undecided(database_url: str, accepted: set[OperationId]) -> int:
    """How many accepted operations have no outcome; all of them while the database is away."""
    try:
        connection = await connect(database_url)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return len(accepted) or 1
    try:
        found = await connection.fetchval(
            "SELECT count(*) FROM operations WHERE id = ANY($1)", list(accepted)
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return len(accepted) or 1
    finally:
        connection.terminate()
    return len(accepted) - int(found)


async def reckon(
    database_url: str, journal: Journal, wallets: list[int], *, deadline_s: float = 30
) -> None:
    """Wait until all that was accepted is decided; then each transfer has moved exactly once."""
    until = monotonic_s() + deadline_s
    while missing := await undecided(database_url, journal.accepted):
        assert monotonic_s() < until, (
            f"{missing} of {len(journal.accepted)} accepted operations were never decided"
        )
        await asyncio.sleep(0.1)
    connection = await connect(database_url)
    try:
        applied = await connection.fetchval(
            "SELECT count(*) FROM operations WHERE kind = 'transfer.create' AND status = 'applied'"
        )
        legs = await connection.fetchval(
            "SELECT count(*) FROM entries e JOIN operations o ON o.id = e.operation_id "
            "WHERE o.kind = 'transfer.create'"
        )
        total = await connection.fetchval(
            "SELECT sum(credits_posted - debits_posted) FROM accounts WHERE id = ANY($1)", wallets
        )
        distinct = await connection.fetchval(
            "SELECT count(DISTINCT (operation_id, account_id)) "
            "FROM entries e JOIN operations o ON o.id = e.operation_id "
            "WHERE o.kind = 'transfer.create'"
        )
    finally:
        await connection.close()
    assert legs == 2 * applied, f"{applied} applied transfers left {legs} entries"
    assert distinct == legs, "an operation was posted twice"
    assert total == OPENING_MINOR * len(wallets), "money appeared or vanished"
