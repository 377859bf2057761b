"""A recovery and how far it is."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.recovery.kind import Kind
from payments.recovery.tables import recoveries


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """The one that is open. `gap_from`: the state restored; until `opened_at` all may be gone."""

    id: int
    kind: Kind
    gap_from: datetime
    opened_at: datetime
    opened_by: str
    accepting_at: datetime | None
    settled_at: datetime | None

    def days(self) -> list[date]:
        """UTC days of the gap, whose registries must be loaded."""
        first = self.gap_from.astimezone(UTC).date()
        count = (self.opened_at.astimezone(UTC).date() - first).days + 1
        return [first + timedelta(days=n) for n in range(count)]


async def open_recovery(engine: AsyncEngine) -> Recovery | None:
    """The one that is not closed."""
    c = recoveries.c
    names = [c[name] for name in Recovery.__struct_fields__]
    async with engine.connect() as connection:
        row = (await connection.execute(sa.select(*names).where(c.closed_at.is_(None)))).first()
    if row is None:
        return None
    return Recovery(**{**row._mapping, "kind": Kind(row.kind)})  # noqa: SLF001 - SQLAlchemy's documented name
