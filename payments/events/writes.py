"""Writing events, numbering them, and letting old ones go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.events.event import Event, text_of, traced
from payments.events.prune import let_go, make_months
from payments.kernel import tracing
from payments.kernel.database import Connection
from payments.kernel.sql import load_sql

_INSERT: Final = load_sql(__file__, "insert_events")
_WAITING: Final = load_sql(__file__, "unnumbered_events")
_TURN: Final = load_sql(__file__, "take_turn_to_number")
_NUMBER: Final = load_sql(__file__, "number_events")
_SWITCH: Final = load_sql(__file__, "record_switch")
_BATCHES_AT_ONCE: Final = 5000


async def add(connection: Connection, events: Sequence[Event], now: datetime) -> None:
    """Write the events of a transaction, as its last statement but COMMIT."""
    if events:
        await connection.execute(_INSERT, now, len(events), text_of(events))


async def add_to(connection: AsyncConnection, events: Sequence[Event], now: datetime) -> None:
    """The same in a transaction of SQLAlchemy; the events belong to the trace of this task."""
    if events:
        here = tracing.current()
        events = [traced(one, here) for one in events] if here else events
        await connection.exec_driver_sql(_INSERT, (now, len(events), text_of(events)))


async def record_switch(connection: Connection, now: datetime, *, is_on: bool) -> None:
    """Note that events are written from now on, or are not; what was so already stays."""
    await connection.execute(_SWITCH, is_on, now)


async def number(engine: AsyncEngine) -> None:
    """Give numbers to what has committed and has none.

    One at a time numbers, by the lock on the position's row, and sees by a snapshot taken after
    it got the lock: what commits later gets later numbers, so a reader skips nothing.
    """
    while True:
        async with engine.connect() as connection:
            waiting = await connection.exec_driver_sql(_WAITING)
            if waiting.first() is None:
                return
        async with engine.begin() as connection:
            last = (await connection.exec_driver_sql(_TURN)).scalar_one()
            await connection.exec_driver_sql(_NUMBER, (last, _BATCHES_AT_ONCE))


async def keep_months(
    engine: AsyncEngine, keep_days: int, now: datetime, *, through: int | None = None
) -> int:
    """Make the partitions of the next months; let old ones go when `keep_days` is not 0.

    Events above `through` stay in any case.
    """
    await number(engine)
    async with engine.begin() as connection:
        await make_months(connection, now)
    if not keep_days:
        return 0
    async with engine.begin() as connection:
        await connection.exec_driver_sql(_TURN)
        return await let_go(connection, keep_days, now, through)
