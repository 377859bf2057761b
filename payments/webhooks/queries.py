"""Reads of refused webhooks."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.webhooks.tables import turned_away_webhooks


class TurnedAway(msgspec.Struct, frozen=True, kw_only=True):
    """A refused webhook, which changed nothing.

    `kind`: the code of the response. `digest`: SHA-256 of the body. `reference`: the sender's id as
    the body gives it; `transaction_id`: the same as a number, if it is one.
    """

    surface: str
    kind: str
    digest: bytes
    reference: str
    transaction_id: int | None = None
    detail: str = ""
    turned_away_at: datetime


class TurnedAwayView(TurnedAway, frozen=True, kw_only=True):
    """A recorded refused webhook."""

    id: int


async def list_turned_away(
    engine: AsyncEngine,
    surface: str | None,
    kind: str | None,
    before: int | None,
    count: int,
) -> Sequence[TurnedAwayView]:
    """Recorded webhooks, newest first, of one surface and one kind if given."""
    columns = turned_away_webhooks.c
    query = sa.select(turned_away_webhooks).order_by(columns.id.desc()).limit(count)
    if surface is not None:
        query = query.where(columns.surface == surface)
    if kind is not None:
        query = query.where(columns.kind == kind)
    if before is not None:
        query = query.where(columns.id < before)
    async with engine.connect() as connection:
        return [TurnedAwayView(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001
