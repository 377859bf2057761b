"""Assigns a break to an operator. It moves no money, so it is a plain write."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.queries import BreakNotFound
from payments.breaks.tables import BreakState, break_of, breaks
from payments.breaks.tells import event_of
from payments.events.event import client_of
from payments.events.writes import add_to
from payments.kernel.errors import Conflict


async def assign(
    engine: AsyncEngine, break_id: UUID | None, assignee: str, *, by: str, now: datetime
) -> None:
    """Say who works on it. Raises 404 `break_not_found`, 409 `break_resolved`."""
    query = sa.select(breaks).where(breaks.c.id == break_id).with_for_update(key_share=True)
    async with engine.begin() as connection:
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise BreakNotFound
        before = break_of(dict(row))
        if before.state is BreakState.RESOLVED:
            raise Conflict("the break is resolved", code="break_resolved")
        after = before.changed(state=BreakState.ASSIGNED, assignee=assignee)
        await connection.execute(
            breaks.update()
            .where(breaks.c.id == break_id)
            .values(state=after.state.value, assignee=assignee)
        )
        event = event_of(before, after, client_of(by), now)
        await add_to(connection, [] if event is None else [event], now)
