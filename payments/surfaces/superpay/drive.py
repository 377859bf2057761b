"""From a kept callback to evidence: whose it is, and the intent that decides it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

import payments.deposits.observe
import payments.payouts.observe
from payments.callbacks import writes
from payments.callbacks.writes import Kept
from payments.deposits.observe import ObserveDeposit
from payments.kernel.errors import Conflict, Unavailable
from payments.operations.submit import Request, Submitter, keyed
from payments.payouts.observe import ObservePayout
from payments.provider.sighting import Sighting, Source
from payments.surfaces.superpay.asking import ACTOR, Subject, ask_about, subject_of
from payments.surfaces.superpay.bodies import Unreadable, decode_event, glimpse

_log = structlog.get_logger(__name__)


async def drive(engine: AsyncEngine, submitter: Submitter, kept: Kept, now: datetime) -> str:
    """Hand a callback's evidence in, or park it; says which. Repeating it is harmless."""
    try:
        sighting = decode_event(kept.raw)
    except Unreadable as error:
        _log.warning("callback_unreadable", error=str(error)[:200])
        merchant_id = glimpse(kept.raw)
        # Asked first: when nothing can be accepted just now, the job drives it again.
        await ask_about(engine, submitter, merchant_id, now)
        await writes.hand_over(engine, kept, merchant_id, "unreadable", now)
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


def evidence(subject: Subject, sighting: Sighting, callback_id: UUID) -> Request:
    """The intent of a callback; its id comes from the event, so that it is decided once."""
    seen: dict[str, Any] = {
        "source": Source.CALLBACK,
        "sighting": sighting,
        "callback_id": callback_id,
    }
    key, scope = str(callback_id), "callback"
    if subject.kind == "payout":
        payout = ObservePayout(payout_id=subject.id, **seen)
        return keyed(payments.payouts.observe.OPERATION, payout, actor=ACTOR, key=key, scope=scope)
    deposit = ObserveDeposit(deposit_id=subject.id, **seen)
    return keyed(payments.deposits.observe.OPERATION, deposit, actor=ACTOR, key=key, scope=scope)


async def drive_now(engine: AsyncEngine, submitter: Submitter, kept: Kept, now: datetime) -> None:
    """The same for one that just came: when it must wait it is kept, and the job drives it on."""
    try:
        await drive(engine, submitter, kept, now)
    except Unavailable as error:
        _log.warning("callback_waits", reason=error.code)


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
