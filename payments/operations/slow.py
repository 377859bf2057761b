"""Types of rows whose load takes too long: tried with more time, seldom, while all else goes on."""

from collections.abc import Set as AbstractSet
from typing import Final

import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.operations.record import Record

LIMIT_S: Final = 0.5
"""A load that takes longer is given up, and what needs it is set aside."""
_LIMIT_MAX_S: Final = 16.0
_SHARE: Final = 100
"""Everybody waits for a slow load: between two of them passes so many times as long."""
_TABLE_IS_LOCKED: Final = load_sql(__file__, "table_is_locked")
_log = structlog.get_logger(__name__)


class SlowLoadError(Exception):
    """The rows of a type were not read in time."""

    def __init__(self, type_: type[Record]) -> None:
        """`type_` is put off."""
        super().__init__(f"reading {type_.table.name} takes too long")
        self.type = type_


class Slow:
    """What is put off, until when, and how long its next load may take."""

    def __init__(self) -> None:
        self._until_s: dict[type[Record], float] = {}
        self._limit_s: dict[type[Record], float] = {}
        self.locked: set[type[Record]] = set()
        """Put off until somebody has looked: the whole table is locked."""

    def __bool__(self) -> bool:
        return bool(self._until_s or self.locked)

    def limit_s(self, type_: type[Record]) -> float:
        """How long a load of these rows may take now."""
        return self._limit_s.get(type_, LIMIT_S)

    def put_off(self, now_s: float) -> AbstractSet[type[Record]]:
        """What is not to be loaded now."""
        slow = (type_ for type_, until_s in self._until_s.items() if now_s < until_s)
        return self.locked.union(slow)

    def gave_up(self, type_: type[Record], now_s: float) -> None:
        """A load took longer than it may."""
        limit_s = self.limit_s(type_)
        self._until_s[type_] = now_s + _SHARE * limit_s
        self._limit_s[type_] = min(2 * limit_s, _LIMIT_MAX_S)

    def took(self, type_: type[Record], seconds: float, now_s: float) -> None:
        """A load was done; one that is slow still must not be met by every batch."""
        if type_ not in self._until_s:
            return
        if seconds < LIMIT_S:
            del self._until_s[type_]
            self._limit_s.pop(type_, None)
        else:
            self._until_s[type_] = now_s + _SHARE * seconds


async def give_up(connection: Connection, error: SlowLoadError, slow: Slow) -> None:
    """Put off the type that was not read in time."""
    is_locked = await _is_locked(connection, error.type)
    if is_locked:
        slow.locked.add(error.type)
    else:
        slow.gave_up(error.type, monotonic_s())
    _log.warning("load_given_up", error=str(error), is_locked=is_locked)


async def look_at_tables(connection: Connection, slow: Slow) -> None:
    """Forget which tables were locked and are not any more."""
    for type_ in tuple(slow.locked):
        if not await _is_locked(connection, type_):
            slow.locked.discard(type_)


async def _is_locked(connection: Connection, type_: type[Record]) -> bool:
    is_locked: bool = await connection.fetchval(_TABLE_IS_LOCKED, type_.table.name)
    return is_locked
