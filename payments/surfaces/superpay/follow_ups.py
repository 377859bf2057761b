"""Limits the status queries triggered by unverified callbacks, so that they cannot be used for
attacks.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from payments.kernel.clock import Clock

A_MINUTE: Final = 20
"""How many rejected callbacks a process records and queries per minute; more are only counted."""


class FollowUps:
    """Allows `A_MINUTE` follow-ups of unverified callbacks per minute."""

    def __init__(self, clock: Clock) -> None:
        """One instance per process."""
        self._clock = clock
        self._recent: deque[datetime] = deque()

    def may_follow(self) -> bool:
        """True, and counted, while the limit of this minute is not reached."""
        now = self._clock()
        while self._recent and now - self._recent[0] > timedelta(minutes=1):
            self._recent.popleft()
        if len(self._recent) >= A_MINUTE:
            return False
        self._recent.append(now)
        return True
