"""A callback that we cannot believe is still a hint: the provider is asked.

Rarely enough to be no lever.
"""

from collections import deque
from datetime import datetime, timedelta
from typing import Final

from payments.kernel.clock import Clock

A_MINUTE: Final = 20
"""Rejected callbacks a process writes down and follows up in a minute; the rest it only counts."""


class Hints:
    """How many we cannot believe may be followed up: `A_MINUTE` of them."""

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
