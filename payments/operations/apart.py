"""Decides what needs rows that are read slowly, on a session of its own (ADR 0221).

The entries stay set aside meanwhile, so what comes after them in their order waits; everything else
goes on. Their rows are read before their accounts are locked, so those are locked for the time of
writing only; the lanes know of them and pass them over at once.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from payments.kernel.clock import Clock, monotonic_s
from payments.kernel.database import Connection
from payments.operations import metrics
from payments.operations.apply import Applier
from payments.operations.batch import Batch
from payments.operations.items import Answer, Item
from payments.operations.locking import Hurry, Locking
from payments.operations.needs import Need, Place, needs_of_types
from payments.operations.operation import Operation
from payments.operations.reading import order_of
from payments.operations.telling import Teller
from payments.operations.ways import Ways
from streams.ownership import NotOwnedError
from streams.turns import Turn

Fence = Callable[[Connection, int], Awaitable[None]]
"""In a transaction: makes sure that a partition is ours until the transaction ends."""


class _Batch:
    """What a batch is fenced by, and which orders have to wait further."""

    def __init__(self, fence: Fence, items: Sequence[Item]) -> None:
        self.fence = fence
        self.partition = items[0].entry.partition if items else -1
        self.busy: set[str] = set()
        self._orders: dict[str, str] = {}
        for item in items:  # the first of a bulk says its order
            self._orders.setdefault(item.entry.stream_id, order_of(item))

    def wait(self, needs: Collection[Place]) -> None:
        """These entries need what is locked."""
        self.busy |= {self._orders[stream_id] for _, stream_id in needs}

    def waits(self, one: Item | Answer) -> bool:
        """True for an entry that waits, and for those of the same order."""
        return self._orders[one.entry.stream_id] in self.busy


class _Ways(Ways):
    def alone(self, *, is_first: bool) -> Locking:
        del is_first  # it never waits for long
        return Locking.APART


class ApartApplier(Applier):
    """Applies what another applier has set aside because reading its rows takes too long."""

    def __init__(
        self,
        operations: Iterable[Operation[Any]],
        clock: Clock,
        teller: Teller | None,
        beside: Applier,
    ) -> None:
        """`beside` sets aside; the other arguments are the same as its own."""
        super().__init__(operations, clock, teller, sets_aside=True)
        self.aside, self.slow, self.kept = beside.aside, beside.slow, beside.kept
        self.ways = _Ways(self.kept, sets_aside=True)
        self._batch = _Batch(_no_fence, ())

    def is_there_any(self) -> bool:
        """True when an entry waits for rows that are read slowly."""
        return self.aside.needs_any(self.slow.apart())

    async def apply_apart(self, connection: Connection, fence: Fence) -> list[Answer]:
        """Decide a batch; no answers when all of it needs what somebody has locked as well."""
        started = monotonic_s()
        with self.aside.lend(self.slow.apart()) as entries:
            items = [item for entry in entries for item in self._reader.read_all(entry)]
            batch = self._batch = _Batch(fence, items)
            answers = await self._isolate(connection, items)
            # Of a bulk that was halved some items may be decided: it is answered as one.
            answers = [one for one in answers if not batch.waits(one)]
            self.aside.settle(one.entry for one in answers)
        metrics.observe_batch(len(entries), monotonic_s() - started, answers)
        return answers

    def _hurry(self, items: list[Item], locking: Locking) -> Hurry:
        self._part(items, needs_of_types(items, self.slow.locked))
        return Hurry(locking, slow=self.slow, put_off=self.slow.locked, claimed=self.aside.claimed)

    def _part(self, items: list[Item], needs: Mapping[Place, Need]) -> None:
        """Leave those that need what is locked, and what stands behind them, for a later batch."""
        self._batch.wait(needs)
        items[:] = [item for item in items if not self._batch.waits(item)]

    def _keep(self, batch: Batch, written_by: int) -> None:
        del written_by  # rows name the inner transaction
        self.kept.drop(batch.state.balances.accounts)

    async def _transact_once(
        self, connection: Connection, items: list[Item], turn: Turn, locking: Locking
    ) -> list[Answer]:
        """In a transaction that the partition cannot be taken away from."""
        async with connection.transaction():
            await self._batch.fence(connection, self._batch.partition)
            return await super()._transact_once(connection, items, turn, locking)

    async def _park(self, connection: Connection, item: Item, error: BaseException) -> Answer:
        async with connection.transaction():
            await self._batch.fence(connection, self._batch.partition)
            return await super()._park(connection, item, error)


async def _no_fence(_connection: Connection, partition: int) -> None:
    raise NotOwnedError(f"no batch of partition {partition} is under way")
