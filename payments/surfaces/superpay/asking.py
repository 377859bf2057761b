"""Questions to SuperPay out of turn: what we cannot believe or read is still a hint at news."""

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
    """Ask SuperPay what is true of a merchant id that a callback names, when it is one of ours."""
    subject = None if merchant_id is None else await subject_of(engine, merchant_id)
    if subject is not None:
        await submitter(extra_check(subject, now))


async def ask_if_possible(
    engine: AsyncEngine, submitter: Submitter, merchant_id: int | None, now: datetime
) -> None:
    """The same where nothing depends on it: when nothing can be accepted now, the schedule asks."""
    try:
        await ask_about(engine, submitter, merchant_id, now)
    except Unavailable as error:
        _log.warning("callback_not_followed_up", reason=error.code)
