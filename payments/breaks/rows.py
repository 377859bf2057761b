"""Rows of breaks that are followed outside of an operation: loaded locked, written with events."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from payments.breaks.tables import Break, break_of, breaks
from payments.breaks.tells import event_of
from payments.events.writes import add_to


async def load_breaks(
    connection: AsyncConnection, which: sa.ColumnElement[bool]
) -> dict[UUID, Break]:
    """The breaks by their id, their rows locked in the order of ids."""
    query = sa.select(breaks).where(which).order_by(breaks.c.id).with_for_update(key_share=True)
    rows = (await connection.execute(query)).mappings()
    return {row["id"]: break_of(dict(row)) for row in rows}


async def write_breaks(
    connection: AsyncConnection,
    rows: Sequence[Break],
    existing: Mapping[UUID, Break],
    now: datetime,
    by: str = "",
) -> None:
    """Write new and changed breaks, and tell of them."""
    events = []
    for row in rows:
        before = existing.get(row.id)
        if before is None:
            await connection.execute(breaks.insert().values(_values(row)))
        else:
            await connection.execute(
                breaks.update().where(breaks.c.id == row.id).values(_values(row))
            )
        events.append(event_of(before, row, by, now))
    await add_to(connection, [one for one in events if one is not None], now)


def _values(row: Break) -> dict[str, Any]:
    values = msgspec.structs.asdict(row)
    return {**values, "kind": row.kind.value, "state": row.state.value}
