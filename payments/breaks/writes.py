"""Assigns a break to an operator. It moves no money, so it is a plain write."""

from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.queries import BreakNotFound
from payments.breaks.tables import breaks
from payments.kernel.errors import Conflict


async def assign(engine: AsyncEngine, break_id: UUID | None, assignee: str) -> None:
    """Set the assignee. Raises 404 `break_not_found`, 409 `break_resolved`."""
    c = breaks.c
    statement = breaks.update().where(c.id == break_id, c.state != "resolved")
    async with engine.begin() as connection:
        result = await connection.execute(statement.values(state="assigned", assignee=assignee))
        if result.rowcount == 1:
            return
        row = (await connection.execute(sa.select(c.id).where(c.id == break_id))).first()
    if row is None:
        raise BreakNotFound
    raise Conflict("the break is resolved", code="break_resolved")
