"""Stores callbacks: the raw bytes first; their result is written together with their effect."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks.tables import NEEDING, CallbackState, provider_callbacks, rejected_callbacks
from payments.kernel.errors import Conflict, NotFound
from payments.kernel.ids import derived_id

REUSED: Final = "event_id_reused"
"""Verdict for a second body under one event id."""
REMATCH_S: Final = (10, 60, 600, 3600, 86_400)
"""When an unmatched callback is matched again; after the last attempt an operator has to look."""
DRIVE_AGAIN_S: Final = (20, 60, 300, 3600, 3600, 3600)
"""When a stored callback whose effect is still undecided is processed again by the job."""

KEPT: Final = timedelta(days=400)
REJECTED_KEPT: Final = timedelta(days=90)
REJECTED_MAX: Final = 10_000
"""How many digests of callbacks with an invalid signature are kept."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A callback as received."""

    provider: str
    event_id: str
    headers: Mapping[str, str]
    raw: bytes


class StoredCallback(msgspec.Struct, frozen=True, kw_only=True):
    """A stored callback. `is_new` is False when the event had been stored before.

    `raw`: the stored bytes, those of the first delivery.
    """

    id: UUID
    raw: bytes
    matches: int = 0
    received_at: datetime
    is_new: bool = True


async def keep(
    engine: AsyncEngine,
    delivery: Delivery,
    now: datetime,
    merchant_id_in: Callable[[bytes], int | None] = lambda _raw: None,
) -> StoredCallback:
    """Commit the bytes, whatever they contain; for a known event the stored callback is returned.

    A different body for a known event is stored beside the first one for an operator.
    `merchant_id_in` reads the merchant id from such a body.
    """
    raw = delivery.raw
    id_ = derived_id("callback", delivery.provider, delivery.event_id)
    statement = insert(provider_callbacks).values(
        id=id_,
        provider=delivery.provider,
        event_id=delivery.event_id,
        raw=raw,
        headers=dict(delivery.headers),
        state=CallbackState.RECEIVED.value,
        matches=0,
        next_match_at=now + timedelta(seconds=DRIVE_AGAIN_S[0]),
        received_at=now,
    )
    async with engine.begin() as connection:
        result = await connection.execute(statement.on_conflict_do_nothing())
        if result.rowcount == 1:
            return StoredCallback(id=id_, raw=raw, received_at=now)
        c = provider_callbacks.c
        first = await connection.execute(sa.select(c.raw, c.received_at).where(c.id == id_))
        row = first.one()
    if row.raw != raw:
        await _keep_other(engine, delivery, merchant_id_in(raw), now)
    return StoredCallback(id=id_, raw=row.raw, received_at=row.received_at, is_new=False)


async def _keep_other(
    engine: AsyncEngine, delivery: Delivery, merchant_id: int | None, now: datetime
) -> None:
    digest = hashlib.sha256(delivery.raw).hexdigest()
    statement = insert(provider_callbacks).values(
        id=derived_id("callback", delivery.provider, f"{delivery.event_id}:{digest}"),
        provider=delivery.provider,
        event_id=delivery.event_id,
        raw=delivery.raw,
        headers=dict(delivery.headers),
        merchant_id=merchant_id,
        state=CallbackState.OPERATOR.value,
        verdict=REUSED,
        matches=0,
        received_at=now,
        decided_at=now,
    )
    async with engine.begin() as connection:
        await connection.execute(statement.on_conflict_do_nothing())


async def due(engine: AsyncEngine, now: datetime, limit: int = 200) -> Sequence[StoredCallback]:
    """Callbacks to process again: not decided yet, or not matched so far."""
    c = provider_callbacks.c
    query = (
        sa.select(c.id, c.raw, c.matches, c.received_at)
        .where(c.next_match_at <= now)
        .order_by(c.next_match_at)
        .limit(limit)
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    return [
        StoredCallback(id=r.id, raw=r.raw, matches=r.matches, received_at=r.received_at)
        for r in rows
    ]


async def matched(
    engine: AsyncEngine, callback: StoredCallback, merchant_id: int, now: datetime
) -> None:
    """A payout or deposit has its merchant id and its effect is submitted; if that is lost, retry
    later.
    """
    wait_s = DRIVE_AGAIN_S[min(callback.matches, len(DRIVE_AGAIN_S) - 1)]
    values = {
        "state": CallbackState.RECEIVED.value,
        "merchant_id": merchant_id,
        "matches": callback.matches + 1,
        "next_match_at": now + timedelta(seconds=wait_s),
    }
    await _set(engine, callback, values)


async def unmatched(
    engine: AsyncEngine, callback: StoredCallback, merchant_id: int, now: datetime
) -> None:
    """Nothing has its merchant id: retry at growing intervals, then hand it to an operator."""
    if callback.matches >= len(REMATCH_S):
        await hand_over(engine, callback, merchant_id, "unmatched", now)
        return
    values = {
        "state": CallbackState.UNMATCHED.value,
        "verdict": "unmatched",
        "merchant_id": merchant_id,
        "matches": callback.matches + 1,
        "next_match_at": now + timedelta(seconds=REMATCH_S[callback.matches]),
    }
    await _set(engine, callback, values)


async def hand_over(
    engine: AsyncEngine,
    callback: StoredCallback,
    merchant_id: int | None,
    verdict: str,
    now: datetime,
) -> None:
    """Leave the callback to an operator."""
    values = {
        "state": CallbackState.OPERATOR.value,
        "verdict": verdict,
        "merchant_id": merchant_id,
        "next_match_at": None,
        "decided_at": now,
    }
    await _set(engine, callback, values)


async def close(
    engine: AsyncEngine, callback_id: UUID | None, *, by: str, reason: str, now: datetime
) -> None:
    """An operator closes the callback. Raises 404 `callback_not_found`, 409 `callback_not_open`."""
    c = provider_callbacks.c
    needing = c.state.in_([state.value for state in NEEDING])
    statement = provider_callbacks.update().where(c.id == callback_id, needing)
    values = {
        "state": CallbackState.CLOSED.value,
        "next_match_at": None,
        "decided_at": now,
        "closed_by": by,
        "close_reason": reason,
    }
    async with engine.begin() as connection:
        result = await connection.execute(statement.values(**values))
        if result.rowcount == 1:
            return
        row = (await connection.execute(sa.select(c.state).where(c.id == callback_id))).first()
    if row is None:
        raise NotFound("there is no such callback", code="callback_not_found")
    raise Conflict(f"the callback is {row.state}, it needs no operator", code="callback_not_open")


async def _set(engine: AsyncEngine, callback: StoredCallback, values: Mapping[str, object]) -> None:
    """Update only while its effect is undecided: the effect's own transaction takes precedence."""
    c = provider_callbacks.c
    waiting = c.state.in_([CallbackState.RECEIVED.value, CallbackState.UNMATCHED.value])
    async with engine.begin() as connection:
        await connection.execute(
            provider_callbacks.update().where(c.id == callback.id, waiting).values(**values)
        )


async def note_rejected(
    engine: AsyncEngine, provider: str, raw: bytes, reason: str, now: datetime
) -> None:
    """Record a callback with an invalid signature: its digest, never its content."""
    statement = insert(rejected_callbacks).values(
        digest=hashlib.sha256(raw).digest(),
        provider=provider,
        reason=reason,
        times=1,
        first_at=now,
        last_at=now,
    )
    again = {"times": rejected_callbacks.c.times + 1, "last_at": now, "reason": reason}
    async with engine.begin() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["digest"], set_=again)
        )


async def prune(engine: AsyncEngine, now: datetime) -> int:
    """Delete callbacks no longer needed; returns how many. Callbacks waiting for an operator stay.

    The evidence of decided callbacks stays permanently, their bytes as long as the provider serves
    its registries. Anybody can send callbacks that are rejected, so only the newest are kept.
    """
    c, r = provider_callbacks.c, rejected_callbacks.c
    is_done = (c.state == CallbackState.DONE.value) & (c.decided_at < now - KEPT)
    newest = sa.select(r.digest).order_by(r.last_at.desc()).limit(REJECTED_MAX)
    is_surplus = sa.or_(r.last_at < now - REJECTED_KEPT, r.digest.not_in(newest))
    async with engine.begin() as connection:
        decided = await connection.execute(provider_callbacks.delete().where(is_done))
        rejected = await connection.execute(rejected_callbacks.delete().where(is_surplus))
    return decided.rowcount + rejected.rowcount
