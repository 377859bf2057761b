"""Reading events in the order of their numbers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.events.event import NumberedEvent, Packings, numbered, traces_of
from payments.kernel.sql import load_sql

_READ: Final = load_sql(__file__, "read_events")
_READ_BEFORE: Final = load_sql(__file__, "read_events_before")
_POSITION: Final = load_sql(__file__, "event_position")
_ROWS_AT_ONCE: Final = 20
_LOOKS_MAX: Final = 50
"""A filter that matches nothing looks through a million events at most, then says how far it is."""


class Position(msgspec.Struct, frozen=True):
    """The last number given, and up to which number events are kept no more."""

    last_sequence: int
    pruned_through: int


class Read(msgspec.Struct, frozen=True):
    """Events that were asked for, and the number up to which all have been looked at.

    `is_more`: not all there is has been looked at. `traces`: the `traceparent` of events that have
    one, by their number.
    """

    events: Sequence[NumberedEvent]
    through: int
    is_more: bool
    traces: Mapping[int, str] = {}


async def position(engine: AsyncEngine) -> Position:
    """Where the numbering stands."""
    async with engine.connect() as connection:
        row: sa.Row[Any] = (await connection.exec_driver_sql(_POSITION)).one()
    return Position(row.last_sequence, row.pruned_through)


async def read(
    engine: AsyncEngine,
    packings: Packings,
    after: int,
    matches: Callable[[str], bool],
    limit: int,
) -> Read:
    """Up to `limit` events numbered above `after`, of the types that match."""
    async with engine.connect() as connection:
        return await read_with(connection, packings, after, matches, limit)


async def read_with(
    connection: AsyncConnection,
    packings: Packings,
    after: int,
    matches: Callable[[str], bool],
    limit: int,
) -> Read:
    """The same on a connection that is there."""
    events: list[NumberedEvent] = []
    traces: dict[int, str] = {}
    through = after
    for _ in range(_LOOKS_MAX):
        rows: Sequence[sa.Row[Any]] = (
            await connection.exec_driver_sql(_READ, (through, _ROWS_AT_ONCE))
        ).all()
        for row in rows:
            traces |= traces_of(row.events, row.first_sequence)
            for one in numbered(row.events, row.first_sequence, row.written_at, packings):
                if one.sequence <= through:
                    continue
                through = one.sequence
                if matches(one.type):
                    events.append(one)
                    if len(events) >= limit:
                        return Read(events, through, True, traces)
        if len(rows) < _ROWS_AT_ONCE:
            return Read(events, through, False, traces)
    return Read(events, through, True, traces)


async def read_before(
    engine: AsyncEngine,
    packings: Packings,
    before: int,
    matches: Callable[[NumberedEvent], bool],
    limit: int,
) -> Read:
    """Up to `limit` events numbered below `before`, newest first, that match.

    `through`: down to which number all have been looked at.
    """
    events: list[NumberedEvent] = []
    through = before
    async with engine.connect() as connection:
        for _ in range(_LOOKS_MAX):
            rows: Sequence[sa.Row[Any]] = (
                await connection.exec_driver_sql(_READ_BEFORE, (through, _ROWS_AT_ONCE))
            ).all()
            for row in rows:
                for one in reversed(
                    numbered(row.events, row.first_sequence, row.written_at, packings)
                ):
                    if one.sequence >= through:
                        continue
                    through = one.sequence
                    if matches(one):
                        events.append(one)
                        if len(events) >= limit:
                            return Read(events, through, is_more=True)
            if len(rows) < _ROWS_AT_ONCE:
                return Read(events, through, is_more=False)
    return Read(events, through, is_more=True)
