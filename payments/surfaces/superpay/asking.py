"""Status queries outside the schedule, triggered by callbacks that cannot be verified or read."""

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.kernel.errors import Unavailable
from payments.operations.submit import Submitter
from payments.surfaces.superpay.subjects import extra_check, subject_of

_log: Final = structlog.get_logger(__name__)


async def ask_about(
    engine: AsyncEngine, submitter: Submitter, merchant_id: int | None, now: datetime
) -> None:
    """Query SuperPay about a merchant id that a callback names, if it is one of ours."""
    subject = None if merchant_id is None else await subject_of(engine, merchant_id)
    if subject is not None:
        await submitter(extra_check(subject, now))


async def ask_if_possible(
    engine: AsyncEngine, submitter: Submitter, merchant_id: int | None, now: datetime
) -> None:
    """The same, ignoring `Unavailable`: the schedule queries it later anyway."""
    try:
        await ask_about(engine, submitter, merchant_id, now)
    except Unavailable as error:
        _log.warning("callback_not_followed_up", reason=error.code)
