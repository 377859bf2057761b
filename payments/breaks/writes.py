"""Who works on a break: it moves no money, so its handler writes it directly."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.queries import BreakNotFound
from payments.breaks.tables import breaks
from payments.kernel.errors import Conflict


async def assign(engine: AsyncEngine, break_id: UUID | None, assignee: str) -> None:
    """Say who works on it. Raises 404 `break_not_found`, 409 `break_resolved`."""
    c = breaks.c
    statement = breaks.update().where(c.id == break_id, c.state != "resolved")
    async with engine.begin() as connection:
        done = await connection.execute(statement.values(state="assigned", assignee=assignee))
        if done.rowcount == 1:
            return
        known = (await connection.execute(sa.select(c.id).where(c.id == break_id))).first()
    if known is None:
        raise BreakNotFound
    raise Conflict("the break is resolved", code="break_resolved")
