"""A callback that we cannot believe is still a hint: the provider is asked.

Rarely enough to be no lever.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

import payments.payouts.check
from payments.kernel.clock import Clock
from payments.operations.submit import Request, Submitter, keyed
from payments.payouts.check import CheckPayout
from payments.surfaces.superpay.drive import ACTOR, subject_of

A_MINUTE: Final = 20
"""Rejected callbacks a process writes down and follows up in a minute; the rest it only counts."""


class Hints:
    """Rate-limited: each payout once a minute, all of them together `A_MINUTE` times."""

    def __init__(self, clock: Clock) -> None:
        """One a process."""
        self._clock = clock
        self._recent: deque[datetime] = deque()

    def may_follow(self) -> bool:
        """True when there is room in this minute."""
        now = self._clock()
        while self._recent and now - self._recent[0] > timedelta(minutes=1):
            self._recent.popleft()
        if len(self._recent) >= A_MINUTE:
            return False
        self._recent.append(now)
        return True

    async def follow(self, engine: AsyncEngine, submitter: Submitter, merchant_id: int) -> None:
        """Ask about the payout it names."""
        subject = await subject_of(engine, merchant_id)
        if subject is not None and subject.kind == "payout":
            await submitter(extra_check(subject.id, self._clock()))


def extra_check(payout_id: UUID, now: datetime) -> Request:
    """A question out of turn; the minute in its id makes it one a minute."""
    intent = CheckPayout(payout_id=payout_id, checks=0, resend_after_s=0, is_extra=True)
    key = f"{payout_id}:{int(now.timestamp()) // 60}"
    operation = payments.payouts.check.OPERATION
    return keyed(operation, intent, actor=ACTOR, key=key, scope="payout.hint")
