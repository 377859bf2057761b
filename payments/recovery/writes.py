"""What an operator has done of a recovery."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from payments.recovery.kind import Kind
from payments.recovery.queries import Recovery
from payments.recovery.tables import recoveries


async def begin(
    engine: AsyncEngine, kind: Kind, gap_from: datetime, now: datetime, by: str
) -> None:
    """From here on effects are halted. One at a time: the database refuses a second one."""
    values = {"kind": kind.value, "gap_from": gap_from, "opened_at": now, "opened_by": by}
    async with engine.begin() as connection:
        await connection.execute(recoveries.insert().values(values))


async def note(engine: AsyncEngine, recovery: Recovery, **values: object) -> None:
    """How far it is: `accepting_at`, `settled_at`, `closed_at` with `closed_by`."""
    this = recoveries.c.id == recovery.id
    async with engine.begin() as connection:
        await connection.execute(recoveries.update().where(this).values(**values))
