"""Consumers whose batches need the same accounts write by turns, several batches each.

By the locks of accounts alone they would take turns after every batch, and neither could decide one
batch beside the writing of the one before. Who has met another consumer takes a shift alone while
it has a backlog, and shares one for a batch while it has none. Who has a backlog and has met nobody
shares one, so that it does not come between. Nothing that must be right rests on a shift: locks and
versions of the rows see to that. Without one, batches only take longer.
"""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

import asyncpg

from streams.ownership import SESSION_SETTINGS

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SHIFT_S: Final = 0.5
LOCK_CLASS: Final = 7205
_SHARED: Final = ("", "_shared")
_BEGIN: Final = tuple(
    f"SET lock_timeout = '2s'; SELECT pg_advisory_lock{shared}({LOCK_CLASS}, 0);"
    f" SET lock_timeout = '{SESSION_SETTINGS['lock_timeout']}'"
    for shared in _SHARED
)
"""One round trip and one transaction: a timeout takes the setting back too. PostgreSQL serves those
who wait in the order in which they came.
"""
_NUMBERS: Final = count(1)
_HAS_ANOTHER: Final = """
    SELECT EXISTS(SELECT FROM pg_locks
                   WHERE locktype = 'advisory' AND classid = $1 AND objsubid = 2 AND granted = $2
                     AND pid <> pg_backend_pid()
                     AND database = (SELECT oid FROM pg_database
                                      WHERE datname = current_database()))
"""
"""True when another session holds a shift ($2 true), or waits for one (false)."""
_END: Final = tuple(f"SELECT pg_advisory_unlock{shared}({LOCK_CLASS}, 0)" for shared in _SHARED)


class Contention(Protocol):
    """What the handler of batches knows about other consumers that need the same accounts."""

    def is_contended(self) -> bool:
        """True when one was met a moment ago."""

    def presume(self) -> None:
        """Another consumer has a backlog too, and may be met."""


class NoContention:
    """Batches that need nothing of others."""

    def is_contended(self) -> bool:
        """Never."""
        return False

    def presume(self) -> None:
        """It changes nothing."""


class Shift:
    """The shift of one consumer, on a session that does not write."""

    def __init__(self, session: "Connection", contention: Contention) -> None:
        self._session = session
        self._contention = contention
        self._until_s: float | None = None
        self._is_alone = False
        self._number = 0

    @property
    def is_held(self) -> bool:
        """True between `begin` and `end`."""
        return self._until_s is not None

    @property
    def alone(self) -> int:
        """The number of the shift while no other consumer has one, else 0."""
        return self._number if self.is_held and self._is_alone else 0

    @property
    def is_over(self) -> bool:
        """True when another consumer should have its turn."""
        return self._until_s is not None and asyncio.get_running_loop().time() > self._until_s

    async def begin(self, *, alone: bool) -> None:
        """Wait for our turn, two seconds at most: who holds it longer may hang."""
        try:
            await self._session.execute(_BEGIN[not alone])
        except asyncpg.LockNotAvailableError:
            return
        self._is_alone = alone
        self._number = next(_NUMBERS)
        self._until_s = asyncio.get_running_loop().time() + SHIFT_S
        if not alone and await self._session.fetchval(_HAS_ANOTHER, LOCK_CLASS, True):
            self._contention.presume()

    async def fit(self, idle: Callable[[], Awaitable[None]], *, has_backlog: bool) -> None:
        """Begin the shift that a batch needs: another one, where the first has met a consumer.

        `idle` waits for our batches, before a shift ends.
        """
        for _ in range(2):
            if await self.is_done(has_backlog=has_backlog):
                await idle()
                await self.end()
            is_contended = self._contention.is_contended()
            if not self.is_held and (has_backlog or is_contended):
                await self.begin(alone=has_backlog and is_contended)

    async def is_done(self, *, has_backlog: bool) -> bool:
        """True when it should end, or is not the kind of shift that we need now.

        After its time it goes on as long as nobody waits: ending it means that no batch overlaps
        the next.
        """
        if not self.is_held:
            return False
        is_contended = self._contention.is_contended()
        if self._is_alone != (has_backlog and is_contended) or (is_contended and not has_backlog):
            return True
        if not self.is_over:
            return False
        if await self._session.fetchval(_HAS_ANOTHER, LOCK_CLASS, False):
            if not self._is_alone:
                self._contention.presume()
            return True
        self._until_s = asyncio.get_running_loop().time() + SHIFT_S
        return False

    async def end(self) -> None:
        """Give the turn to whoever waits for it; our batches should be committed."""
        self._until_s = None
        await self._session.execute(_END[not self._is_alone])
