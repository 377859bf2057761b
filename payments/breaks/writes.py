"""Writes of breaks that move no money: who works on it, and opening it again."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from payments.breaks.follow import reopened
from payments.breaks.queries import BreakNotFound
from payments.breaks.tables import Break, BreakState, break_of, breaks
from payments.breaks.tells import event_of
from payments.events.event import client_of
from payments.events.writes import add_to
from payments.kernel.errors import Conflict


async def assign(
    engine: AsyncEngine, break_id: UUID | None, assignee: str, *, by: str, now: datetime
) -> None:
    """Say who works on it. Raises 404 `break_not_found`, 409 `break_resolved`."""
    async with engine.begin() as connection:
        before = await _locked(connection, break_id)
        if before.state is BreakState.RESOLVED:
            raise Conflict("the break is resolved", code="break_resolved")
        after = before.changed(state=BreakState.ASSIGNED, assignee=assignee)
        await _write(connection, before, after, by, now)


async def reopen(engine: AsyncEngine, break_id: UUID | None, *, by: str, now: datetime) -> None:
    """Open a resolved break again. Raises 404 `break_not_found`, 409 `break_open`."""
    async with engine.begin() as connection:
        before = await _locked(connection, break_id)
        if before.state is not BreakState.RESOLVED:
            raise Conflict("the break is open already", code="break_open")
        await _write(connection, before, reopened(before, now), by, now)


async def _locked(connection: AsyncConnection, break_id: UUID | None) -> Break:
    query = sa.select(breaks).where(breaks.c.id == break_id).with_for_update(key_share=True)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        raise BreakNotFound
    return break_of(dict(row))


async def _write(
    connection: AsyncConnection, before: Break, after: Break, by: str, now: datetime
) -> None:
    """Write what differs, with the event of it."""
    changes = {
        name: _stored(getattr(after, name))
        for name in Break.__struct_fields__
        if getattr(after, name) != getattr(before, name)
    }
    if changes:
        await connection.execute(breaks.update().where(breaks.c.id == before.id).values(changes))
    event = event_of(before, after, client_of(by), now)
    await add_to(connection, [] if event is None else [event], now)


def _stored(value: Any) -> Any:
    return value.value if isinstance(value, BreakState) else value
