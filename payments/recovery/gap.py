"""What a gap holds: registries to load, and money the provider moved that our books do not show."""

import enum
from collections.abc import Sequence
from datetime import date

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.breaks.tables import BreakKind, breaks
from payments.provider.tables import SUPERPAY
from payments.reconciliation.compare import Ours
from payments.reconciliation.ours import known
from payments.reconciliation.tables import registry_lines, registry_runs
from payments.recovery.queries import Recovery
from payments.statements.settlement_day import MOVED


class Why(enum.Enum):
    """What keeps a line of the registry from being settled."""

    UNKNOWN = "not in our books: its caller has not repeated it"
    OPEN = "in our books, not settled yet"


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """Money the provider moved. `ours` is what we know of it, when we know it."""

    merchant_id: int
    kind: str
    status: str
    minor: int
    currency: str
    why: Why
    ours: Ours | None


async def missing_days(engine: AsyncEngine, recovery: Recovery) -> list[date]:
    """Days of the gap whose registry was not loaded since the recovery began."""
    c = registry_runs.c
    query = sa.select(c.date).where(
        c.provider == SUPERPAY, c.date.in_(recovery.days()), c.loaded_at >= recovery.opened_at
    )
    async with engine.connect() as connection:
        has = set((await connection.execute(query)).scalars())
    return [day for day in recovery.days() if day not in has]


async def unsettled(engine: AsyncEngine, recovery: Recovery) -> Sequence[Unsettled]:
    """What the registries of the gap show as moved and our books do not; resolved breaks aside."""
    c, b = registry_lines.c, breaks.c
    is_resolved = sa.exists().where(
        b.provider == SUPERPAY,
        b.kind == BreakKind.MISSING_IN_LEDGER.value,
        b.merchant_id == c.merchant_id,
        b.state == "resolved",
    )
    query = sa.select(
        c.merchant_id, c.kind, c.status, c.minor, c.currency, is_resolved.label("is_resolved")
    ).where(
        c.provider == SUPERPAY,
        c.date.in_(recovery.days()),
        c.superseded_by.is_(None),
        c.status.in_(MOVED),
    )
    async with engine.connect() as connection:
        lines = (await connection.execute(query)).all()
        ours = await known(connection, {line.merchant_id for line in lines})
    found = []
    for line in lines:
        one = ours.get(line.merchant_id)
        if one is None and not line.is_resolved:
            why = Why.UNKNOWN
        elif one is not None and one.is_open:
            why = Why.OPEN
        else:
            continue
        found.append(
            Unsettled(
                merchant_id=line.merchant_id,
                kind=line.kind,
                status=line.status,
                minor=line.minor,
                currency=line.currency,
                why=why,
                ours=one,
            )
        )
    return found


async def is_shown(engine: AsyncEngine, merchant_id: int) -> bool:
    """True when a registry of the provider has a line of it, whatever its status."""
    c = registry_lines.c
    query = sa.select(sa.exists().where(c.provider == SUPERPAY, c.merchant_id == merchant_id))
    async with engine.connect() as connection:
        return bool((await connection.execute(query)).scalar_one())
