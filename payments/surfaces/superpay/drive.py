"""Processes callbacks: stores them and submits their evidence, or queries SuperPay."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import writes
from payments.callbacks.writes import Delivery, StoredCallback
from payments.kernel.errors import Conflict, Unavailable
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.asking import ask_about, ask_if_possible
from payments.surfaces.superpay.bodies import Unreadable, decode_event, merchant_id_in
from payments.surfaces.superpay.subjects import evidence, subject_of

_log = structlog.get_logger(__name__)


async def receive(
    engine: AsyncEngine, submitter: Submitter, delivery: Delivery, now: datetime
) -> bool:
    """Store a verified callback, then process it. False when its event was stored before.

    If nothing can be accepted now, it stays stored and the job retries it. A different body for a
    known event moves nothing: it is stored for an operator, and SuperPay is queried.
    """
    callback = await writes.keep(engine, delivery, now, merchant_id_in)
    if callback.is_new:
        try:
            await drive(engine, submitter, callback, now)
        except Unavailable as error:
            _log.warning("callback_waits", reason=error.code)
    elif callback.raw != delivery.raw:
        _log.warning("callback_id_reused", event_id=delivery.event_id)
        await ask_if_possible(engine, submitter, merchant_id_in(delivery.raw), now)
    return callback.is_new


async def reject(
    engine: AsyncEngine, submitter: Submitter, raw: bytes, reason: str, now: datetime
) -> None:
    """Record the digest of a callback that failed verification, and query SuperPay."""
    await writes.note_rejected(engine, SUPERPAY, raw, reason, now)
    await ask_if_possible(engine, submitter, merchant_id_in(raw), now)


async def drive(
    engine: AsyncEngine, submitter: Submitter, callback: StoredCallback, now: datetime
) -> str:
    """Submit a callback's evidence or park it; returns which. Repeating it is harmless."""
    try:
        sighting = decode_event(callback.raw)
    except Unreadable as error:
        _log.warning("callback_unreadable", error=str(error)[:200])
        # Query first: if nothing can be accepted now, the job processes the callback again.
        await ask_about(engine, submitter, error.merchant_id, now)
        await writes.hand_over(engine, callback, error.merchant_id, "unreadable", now)
        return "unreadable"
    subject = await subject_of(engine, sighting.merchant_id)
    if subject is None:
        await writes.unmatched(engine, callback, sighting.merchant_id, now)
        return "unmatched"
    await writes.matched(engine, callback, sighting.merchant_id, now)
    try:
        await submitter(evidence(subject, sighting, callback.id))
    except Conflict:
        await writes.hand_over(engine, callback, sighting.merchant_id, "idempotency_conflict", now)
    return "accepted"


async def drive_due(engine: AsyncEngine, submitter: Submitter, now: datetime) -> int:
    """Process due callbacks: those that came before their payout, or whose effect was lost.

    Raises the error of one of them after processing the others.
    """
    callbacks = await writes.due(engine, now)
    trouble: Exception | None = None
    for callback in callbacks:
        try:
            await drive(engine, submitter, callback, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - raised after the others
            # A callback that fails must not block those after it.
            _log.exception("callback_not_driven", callback_id=str(callback.id))
            trouble = error
    if trouble is not None:
        raise trouble
    return len(callbacks)
