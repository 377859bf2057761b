"""Writes of organizations, which are reference data and move no money."""

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.bankpayments.tables import organizations
from payments.kernel.clock import Clock
from payments.kernel.errors import Conflict


class InnTaken(Conflict):
    """An organization with this INN is there already."""

    code = "inn_taken"


async def add_organization(engine: AsyncEngine, clock: Clock, *, inn: str, name: str) -> int:
    """Add an organization and return its id. Raises 409 `inn_taken`."""
    added: int | None = await _insert(engine, {"inn": inn, "name": name, "created_at": clock()})
    if added is None:
        raise InnTaken
    return added


async def ensure_organization(engine: AsyncEngine, clock: Clock, *, inn: str, name: str) -> bool:
    """Add the organization unless its INN exists. True when it was added."""
    return await _insert(engine, {"inn": inn, "name": name, "created_at": clock()}) is not None


async def _insert(engine: AsyncEngine, values: dict[str, Any]) -> int | None:
    statement = insert(organizations).values(values).on_conflict_do_nothing()
    async with engine.begin() as connection:
        found = await connection.execute(statement.returning(organizations.c.id))
        added: int | None = found.scalar_one_or_none()
        return added
