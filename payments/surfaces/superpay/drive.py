"""What a callback leads to: kept, then handed in as evidence; or a question to SuperPay."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.callbacks import writes
from payments.callbacks.writes import Delivery, Kept
from payments.kernel.errors import Conflict, Unavailable
from payments.operations.submit import Submitter
from payments.provider.tables import SUPERPAY
from payments.surfaces.superpay.asking import ask_about, ask_if_possible
from payments.surfaces.superpay.bodies import Unreadable, decode_event, glimpse
from payments.surfaces.superpay.subjects import evidence, subject_of

_log = structlog.get_logger(__name__)


async def take_in(
    engine: AsyncEngine, submitter: Submitter, delivery: Delivery, now: datetime
) -> bool:
    """Keep a callback that is signed, then drive it. False when its event was kept before.

    When nothing can be accepted now, it stays kept and the job drives it on. Another body of a
    known event moves nothing: it is kept for an operator, and SuperPay is asked.
    """
    kept = await writes.keep(engine, delivery, now, glimpse)
    if kept.is_new:
        try:
            await drive(engine, submitter, kept, now)
        except Unavailable as error:
            _log.warning("callback_waits", reason=error.code)
    elif kept.raw != delivery.raw:
        _log.warning("callback_id_reused", event_id=delivery.event_id)
        await ask_if_possible(engine, submitter, glimpse(delivery.raw), now)
    return kept.is_new


async def turn_away(
    engine: AsyncEngine, submitter: Submitter, raw: bytes, reason: str, now: datetime
) -> None:
    """Write down the digest of a callback we do not believe, and ask SuperPay what is true."""
    await writes.note_rejected(engine, SUPERPAY, raw, reason, now)
    await ask_if_possible(engine, submitter, glimpse(raw), now)


async def drive(engine: AsyncEngine, submitter: Submitter, kept: Kept, now: datetime) -> str:
    """Hand a callback's evidence in, or park it; says which. Repeating it is harmless."""
    try:
        sighting = decode_event(kept.raw)
    except Unreadable as error:
        _log.warning("callback_unreadable", error=str(error)[:200])
        # Asked first: when nothing can be accepted just now, the job drives it again.
        await ask_about(engine, submitter, error.merchant_id, now)
        await writes.hand_over(engine, kept, error.merchant_id, "unreadable", now)
        return "unreadable"
    subject = await subject_of(engine, sighting.merchant_id)
    if subject is None:
        await writes.unmatched(engine, kept, sighting.merchant_id, now)
        return "unmatched"
    await writes.matched(engine, kept, sighting.merchant_id, now)
    try:
        await submitter(evidence(subject, sighting, kept.id))
    except Conflict:
        await writes.hand_over(engine, kept, sighting.merchant_id, "idempotency_conflict", now)
    return "accepted"


async def drive_due(engine: AsyncEngine, submitter: Submitter, now: datetime) -> int:
    """Drive on what is due: callbacks that came before their payout, or whose effect got lost.

    Raises what went wrong with one of them, after the others.
    """
    kept = await writes.due(engine, now)
    trouble: Exception | None = None
    for one in kept:
        try:
            await drive(engine, submitter, one, now)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - raised when the others had their turn
            # One that cannot be driven must not keep those after it waiting for ever.
            _log.exception("callback_not_driven", callback_id=str(one.id))
            trouble = error
    if trouble is not None:
        raise trouble
    return len(kept)
