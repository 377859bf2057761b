"""Reads of the callback inbox, for operators."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks.tables import NEEDING, CallbackState, provider_callbacks
from payments.kernel.clock import rfc3339
from payments.kernel.words import one_of


class CallbackView(msgspec.Struct, frozen=True, kw_only=True):
    """A stored callback; `raw` is its body as text, with invalid UTF-8 replaced."""

    callback_id: UUID
    provider: str
    event_id: str
    merchant_id: int | None
    state: Annotated[str, one_of(CallbackState)]
    verdict: str | None
    matches: int
    next_match_at: str | None
    received_at: str
    closed_by: str | None
    close_reason: str | None
    raw: str


async def list_callbacks(
    engine: AsyncEngine,
    state: CallbackState | None,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[CallbackView]:
    """Newest first."""
    c = provider_callbacks.c
    query = sa.select(provider_callbacks)
    if state is not None:
        query = query.where(c.state == state.value)
    if before is not None:
        query = query.where(sa.tuple_(c.received_at, c.id) < before)
    query = query.order_by(c.received_at.desc(), c.id.desc()).limit(limit)
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        CallbackView(
            callback_id=r.id,
            provider=r.provider,
            event_id=r.event_id,
            merchant_id=r.merchant_id,
            state=r.state,
            verdict=r.verdict,
            matches=r.matches,
            next_match_at=None if r.next_match_at is None else rfc3339(r.next_match_at),
            received_at=rfc3339(r.received_at),
            closed_by=r.closed_by,
            close_reason=r.close_reason,
            raw=r.raw.decode("utf-8", "replace"),
        )
        for r in rows
    ]


async def count_needing(engine: AsyncEngine) -> int:
    """How many callbacks need an operator, now or when matching gives up."""
    c = provider_callbacks.c
    states = [state.value for state in NEEDING]
    query = sa.select(sa.func.count()).where(c.state.in_(states))
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())
