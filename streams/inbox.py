"""Entries read but not yet applied, of all partitions a consumer owns, in order within each."""

import asyncio
from collections import deque
from typing import Final

from streams.entry import Entry

EVEN_MAX: Final = 96
"""Up to so many entries, those that wait and those taken last, batches are made even."""
TAKEN_MAX_BYTES: Final = 800_000
"""A batch ends with the entry that reaches this size: a bulk holds up to a thousand operations."""


class Inbox:
    """A bounded buffer between the readers and the consumer."""

    def __init__(self, size_max: int) -> None:
        """Readers wait while it holds `size_max` entries: memory is bounded."""
        self._size_max = size_max
        self._entries: deque[Entry] = deque()
        self._known: dict[int, set[str]] = {}
        self._arrived = asyncio.Event()
        self._left = asyncio.Event()
        self._asked = asyncio.Event()
        self._last = 1

    def holds(self, bytes_min: int) -> bool:
        """True when entries of so many bytes wait to be taken."""
        size = 0
        for entry in self._entries:
            size += len(entry.payload)
            if size >= bytes_min:
                return True
        return False

    @property
    def is_alone(self) -> bool:
        """True when the batch taken last was of a single entry."""
        return self._last == 1

    def ask(self) -> None:
        """A batch is about to end: end `asked`."""
        self._asked.set()

    async def asked(self, timeout_s: float) -> None:
        """Wait until a batch is about to end, or the timeout."""
        if not self._asked.is_set():
            timer = asyncio.get_running_loop().call_later(timeout_s, self._asked.set)
            await self._asked.wait()
            timer.cancel()
        self._asked.clear()

    async def put(self, entries: list[Entry]) -> None:
        """Add entries, except those already here (a reclaim may bring one a second time)."""
        while len(self._entries) >= self._size_max:
            self._left.clear()
            await self._left.wait()
        for entry in entries:
            known = self._known.setdefault(entry.partition, set())
            if entry.stream_id not in known:
                known.add(entry.stream_id)
                self._entries.append(entry)
        if self._entries:
            self._arrived.set()

    async def take(self, count_max: int, timeout_s: float) -> list[Entry]:
        """Up to `count_max` entries; waits up to the timeout when there are none."""
        if not self._entries:
            self._arrived.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._arrived.wait()
            except TimeoutError:
                return []
        count_max = min(count_max, self._even())
        taken: list[Entry] = []
        size = 0
        while self._entries and len(taken) < count_max and size < TAKEN_MAX_BYTES:
            taken.append(self._entries.popleft())
            size += len(taken[-1].payload)
        self._left.set()
        self._last = len(taken)
        return taken

    def _even(self) -> int:
        """Half of what waits and of what was taken last.

        Clients that wait for the outcome send their next request when they are answered, so what
        was taken last comes back. In two halves, one is decided while the other is on its way.
        """
        count = len(self._entries) + self._last
        return (count + 1) // 2 if count <= EVEN_MAX else count

    def is_known(self, partition: int, stream_id: str) -> bool:
        """True while an entry is here, or taken and not yet forgotten."""
        return stream_id in self._known.get(partition, ())

    def forget(self, entries: list[Entry]) -> None:
        """Remove acknowledged entries from the known ones."""
        for entry in entries:
            self._known.get(entry.partition, set()).discard(entry.stream_id)

    def drop(self, partition: int) -> None:
        """Forget a partition we no longer own; its entries stay pending for the next owner."""
        self._entries = deque(e for e in self._entries if e.partition != partition)
        self._known.pop(partition, None)
        self._left.set()
