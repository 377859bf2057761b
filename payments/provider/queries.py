"""Reads the pause switch: while it is on, no new payout is sent to the provider."""

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.clock import rfc3339
from payments.provider.tables import SUPERPAY, provider_switches


class Switch(msgspec.Struct, frozen=True, kw_only=True):
    """Whether sending payouts is paused, who changed that last, and why."""

    provider: str = SUPERPAY
    is_paused: bool = False
    reason: str = ""
    changed_by: str = ""
    changed_at: str | None = None


async def read_switch(engine: AsyncEngine, provider: str = SUPERPAY) -> Switch:
    """The switch of a provider; not paused if nobody has ever set it."""
    query = sa.select(provider_switches).where(provider_switches.c.provider == provider)
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        return Switch(provider=provider)
    return Switch(
        provider=provider,
        is_paused=row.is_paused,
        reason=row.reason,
        changed_by=row.changed_by,
        changed_at=rfc3339(row.changed_at),
    )
