"""Types of rows whose load takes too long: the lanes do not load them, what needs them is decided
apart, on a session of its own (ADR 0221).
"""

from collections.abc import Set as AbstractSet
from typing import Final

import structlog

from payments.kernel.clock import monotonic_s
from payments.kernel.database import Connection
from payments.kernel.sql import load_sql
from payments.operations.record import Record

LIMIT_S: Final = 0.5
"""A load that takes longer is given up, and what needs it is set aside."""
_SHARE: Final = 100
"""Everybody waits for a load that is given up: so many times as long passes until the next."""
_TABLE_IS_LOCKED: Final = load_sql(__file__, "table_is_locked")
_log = structlog.get_logger(__name__)


class SlowLoadError(Exception):
    """The rows of a type were not read in time."""

    def __init__(self, type_: type[Record]) -> None:
        """`type_` is put off."""
        super().__init__(f"reading {type_.table.name} takes too long")
        self.type = type_


class Slow:
    """What the lanes do not load, and why."""

    def __init__(self) -> None:
        self._until_s: dict[type[Record], float] = {}
        self.locked: set[type[Record]] = set()
        """Put off until somebody has looked: the whole table is locked."""

    def put_off(self) -> AbstractSet[type[Record]]:
        """What the lanes do not load now."""
        return self.locked.union(self._until_s)

    def apart(self) -> AbstractSet[type[Record]]:
        """What is loaded apart."""
        return self._until_s.keys() - self.locked

    def gave_up(self, type_: type[Record], now_s: float) -> None:
        """A load took longer than it may."""
        self._until_s[type_] = now_s + _SHARE * LIMIT_S

    def took(self, type_: type[Record], seconds: float, now_s: float) -> None:
        """A load apart was done. The lanes load the type again once that is quick, and not soon."""
        until_s = self._until_s.get(type_)
        if until_s is None:
            return
        if seconds >= LIMIT_S:
            self.gave_up(type_, now_s)
        elif now_s >= until_s:
            del self._until_s[type_]


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
