"""Entries that need what somebody else has locked: set aside, while all others go on (ADR 0102)."""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from payments.kernel.clock import monotonic_s
from payments.operations import metrics
from payments.operations.items import Item
from payments.operations.needs import Need
from payments.operations.reading import order_of
from payments.operations.record import Record, Ref
from streams.entry import Entry

RETRY_EVERY_S: Final = 0.05
_AT_ONCE_MAX: Final = 1000
_Place = tuple[int, str]
"""A partition, and the id of an entry or the order key of several."""
_Head = tuple[tuple[int, int], str]
"""The position of an entry and its id, in a heap: those taken again are dropped when they are met.
"""


class _Waiting(NamedTuple):
    entry: Entry
    order: str
    need: Need | None
    since_s: float


class Aside:
    """What is set aside, in the order of the stream.

    The entries stay pending in the stream; another owner of the partition reads them again.
    """

    def __init__(self) -> None:
        self._entries: dict[_Place, _Waiting] = {}
        self._orders: dict[_Place, list[_Head]] = {}
        self._retry_at = 0.0
        self._lent: set[_Place] = set()
        self._lender = -1
        self.claimed: set[Need] = set()
        """What is locked apart, by a session of our own."""

    def __bool__(self) -> bool:
        return bool(self._entries)

    def has(self, entry: Entry) -> bool:
        """True for an entry that is set aside."""
        return (entry.partition, entry.stream_id) in self._entries

    def blocks(self, entry: Entry, order: str) -> bool:
        """True when an earlier entry of that order is set aside."""
        heads = self._orders.get((entry.partition, order))
        while heads and (entry.partition, heads[0][1]) not in self._entries:
            heapq.heappop(heads)
        return heads is not None and bool(heads) and heads[0][0] < entry.position

    def put(self, entry: Entry, order: str, need: Need | None) -> None:
        """Set an entry aside. `need`: what is locked; None: it waits behind another entry."""
        key = (entry.partition, entry.stream_id)
        if key in self._entries:
            return
        self._entries[key] = _Waiting(entry, order, need, monotonic_s())
        heads = self._orders.setdefault((entry.partition, order), [])
        heapq.heappush(heads, (entry.position, entry.stream_id))
        self._count()

    def part(self, items: Sequence[Item], needs: Mapping[_Place, Need]) -> list[Item]:
        """Set aside the entries that need what is locked, and what stands behind them; the rest.

        `needs`: what is locked by the place of the entry that needs it.
        """
        kept: list[Item] = []
        order, last = "", None
        for item in items:
            entry = item.entry
            if entry is not last:  # the items of a bulk share one
                order, last = order_of(item), entry
            need = needs.get((entry.partition, entry.stream_id))
            if need is not None or self.blocks(entry, order):
                self.put(entry, order, need)
            if not self.has(entry):
                kept.append(item)
        return kept

    def stuck(self) -> frozenset[Need]:
        """What is known to be locked."""
        return self.needs().union(self.claimed)

    def needs(self) -> frozenset[Need]:
        """What the entries wait for."""
        return frozenset(w.need for w in self._entries.values() if w.need is not None)

    def is_due(self, now_s: float) -> bool:
        """True when it is time to try again. What is left may need nothing that is locked: it stood
        behind what was taken.
        """
        if not self._entries or now_s < self._retry_at:
            return False
        self._retry_at = now_s + RETRY_EVERY_S
        return True

    def take(self, locked: Collection[Need]) -> list[Entry]:
        """The first entries that need nothing that is still locked."""
        held: set[_Place] = set()
        taken: list[Entry] = []
        for entry, order, need, _ in sorted(self._entries.values(), key=_position):
            place = (entry.partition, order)
            if place in held:
                continue
            is_lent = (entry.partition, entry.stream_id) in self._lent
            if is_lent or need in locked or len(taken) >= _AT_ONCE_MAX:
                held.add(place)
                continue
            del self._entries[entry.partition, entry.stream_id]
            taken.append(entry)
        self._forget_orders()
        self._count()
        return taken

    def needs_any(self, types: Collection[type[Record]]) -> bool:
        """True when an entry needs rows of one of these types."""
        return bool(types) and any(_is_of(need, types) for need in self.needs())

    @contextmanager
    def lend(self, types: Collection[type[Record]]) -> Iterator[list[Entry]]:
        """The first entries of a partition that need rows of these types, to be decided apart.

        They stay here, so later ones wait behind them, until `settle`. Partitions take turns.
        """
        waiting = sorted(self._entries.values(), key=_position)
        numbers = [one.entry.partition for one in waiting if _is_of(one.need, types)]
        self._lender = next((n for n in numbers if n > self._lender), numbers[0] if numbers else -1)
        lent: list[Entry] = []
        held: dict[str, bool] = {}
        for entry, order, need, _ in waiting:
            if entry.partition == self._lender:
                is_free = _is_of(need, types) or (need is None and not held.get(order, True))
                is_full = len(lent) >= _AT_ONCE_MAX
                held[order] = held.get(order, False) or not is_free or is_full
                if not held[order]:
                    lent.append(entry)
        self._lent = {(entry.partition, entry.stream_id) for entry in lent}
        try:
            yield lent
        finally:
            self._lent = set()
            self.claimed.clear()

    def settle(self, entries: Iterable[Entry]) -> None:
        """These were decided apart."""
        for entry in entries:
            self._entries.pop((entry.partition, entry.stream_id), None)
        self._forget_orders()
        self._count()

    def _forget_orders(self) -> None:
        if not self._entries:
            self._orders.clear()

    def forget(self, partition: int) -> None:
        """Another consumer owns the partition now."""
        for key in [key for key in self._entries if key[0] == partition]:
            del self._entries[key]
        self._count()

    def _count(self) -> None:
        """The oldest is the first: a dict keeps the order in which they came."""
        oldest = next(iter(self._entries.values()), None)
        metrics.SET_ASIDE.set(len(self._entries))
        metrics.SET_ASIDE_S.set(0 if oldest is None else monotonic_s() - oldest.since_s)


def _is_of(need: Need | None, types: Collection[type[Record]]) -> bool:
    """True for a type, and for a row of one."""
    return (need.type if isinstance(need, Ref) else need) in types


def _position(one: _Waiting) -> tuple[int, tuple[int, int]]:
    return one.entry.partition, one.entry.position
