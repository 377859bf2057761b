"""Sets the pause switch."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import Clock
from payments.provider.queries import Switch, read_switch
from payments.provider.tables import SUPERPAY, provider_switches


async def set_switch(
    engine: AsyncEngine, clock: Clock, *, is_paused: bool, reason: str, changed_by: str
) -> Switch:
    """Pause or resume payouts; returns the switch after the change."""
    values = {
        "is_paused": is_paused,
        "reason": reason,
        "changed_by": changed_by,
        "changed_at": clock(),
    }
    statement = insert(provider_switches).values(provider=SUPERPAY, **values)
    async with engine.begin() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["provider"], set_=values)
        )
    return await read_switch(engine)
