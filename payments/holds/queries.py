"""Reads of holds."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.holds.tables import Hold
from payments.kernel.clock import rfc3339
from payments.kernel.errors import NotFound
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger.tables import holds


class HoldNotFound(NotFound):
    """There is no such hold."""

    code = "hold_not_found"


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold: `amount` = `captured` + `released` + `remaining`; `status` is open or closed."""

    hold_id: UUID
    wallet_id: int
    status: Annotated[str, one_of(("open", "closed"))]
    amount: str
    captured: str
    released: str
    remaining: str
    currency: str
    description: str
    expires_at: str | None
    created_at: str
    closed_at: str | None


class AnyHold(msgspec.Struct, frozen=True):
    """A hold of a client, or (`purpose` payout) of the payout with its id."""

    view: HoldView
    purpose: str


class HoldFilters(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of holds is narrowed by."""

    is_open: bool | None = None
    wallet_id: int | None = None
    purpose: str | None = None


async def get_hold(engine: AsyncEngine, hold_id: UUID | None, now: datetime) -> HoldView:
    """The client's hold of that id (not one that a payout made). Raises 404 `hold_not_found`.

    One whose time is over is closed, swept or not.
    """
    query = sa.select(holds).where(holds.c.id == hold_id, holds.c.purpose == "hold")
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise HoldNotFound
    return hold_view(row, now)


async def find_any_hold(engine: AsyncEngine, hold_id: UUID | None, now: datetime) -> AnyHold:
    """The hold of that id, a payout's too. Raises 404 `hold_not_found`."""
    async with engine.connect() as connection:
        query = sa.select(holds).where(holds.c.id == hold_id)
        row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise HoldNotFound
    return AnyHold(hold_view(row, now), row.purpose)


async def list_holds(
    engine: AsyncEngine,
    filters: HoldFilters,
    before: tuple[datetime, UUID] | None,
    count: int,
    *,
    now: datetime,
) -> list[AnyHold]:
    """Newest first. One whose time is over is closed, swept or not."""
    c = holds.c
    query = sa.select(holds).order_by(c.created_at.desc(), c.id.desc()).limit(count)
    is_live = sa.or_(c.expires_at.is_(None), c.expires_at > now)
    if filters.is_open:
        query = query.where(c.closed_at.is_(None), is_live)
    elif filters.is_open is not None:
        query = query.where(sa.or_(c.closed_at.is_not(None), ~is_live))
    if filters.wallet_id is not None:
        query = query.where(c.wallet_id == filters.wallet_id)
    if filters.purpose is not None:
        query = query.where(c.purpose == filters.purpose)
    if before is not None:
        query = query.where(sa.tuple_(c.created_at, c.id) < before)
    async with engine.connect() as connection:
        rows = await connection.execute(query)
        return [AnyHold(hold_view(row, now), row.purpose) for row in rows]


def hold_view(row: sa.Row[Any] | Hold, now: datetime) -> HoldView:
    """The hold as it is shown."""
    currency = currency_of(row.currency)
    left, released_minor, closed_at = (
        row.minor - row.captured_minor - row.released_minor,
        row.released_minor,
        row.closed_at,
    )
    if closed_at is None and row.expires_at is not None and row.expires_at <= now:
        left, released_minor, closed_at = 0, released_minor + left, row.expires_at
    return HoldView(
        hold_id=row.id,
        wallet_id=row.wallet_id,
        status="open" if closed_at is None else "closed",
        amount=format_minor(row.minor, currency),
        captured=format_minor(row.captured_minor, currency),
        released=format_minor(released_minor, currency),
        remaining=format_minor(left, currency),
        currency=row.currency,
        description=row.description,
        expires_at=None if row.expires_at is None else rfc3339(row.expires_at),
        created_at=rfc3339(row.created_at),
        closed_at=None if closed_at is None else rfc3339(closed_at),
    )
