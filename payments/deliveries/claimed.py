"""What is claimed and not recorded yet, by endpoint: some of it is being sent, the rest waits."""

from collections import deque
from typing import Any, Final

import sqlalchemy as sa

from payments.deliveries.send import Sent

AHEAD: Final = 8
"""So many deliveries are claimed for each place of an endpoint that answers quickly."""
_QUICK_S: Final = 0.25
"""Answers come quickly when they take no longer."""


class Claimed:
    """The deliveries of one endpoint that this process has claimed."""

    def __init__(self, lease_s: float) -> None:
        """Nothing is known of the endpoint yet. What is claimed ahead is sent long before the lease
        ends.
        """
        self._quick_s = min(_QUICK_S, lease_s / (4 * AHEAD))
        self.waiting: deque[sa.Row[Any]] = deque()
        self.places = 0
        """How many may be sent at a time."""
        self._sending = 0
        self._pace_s: float | None = None

    @property
    def taken(self) -> int:
        """How many of its places are taken."""
        return min(self._sending + len(self.waiting), self.places)

    @property
    def is_idle(self) -> bool:
        """True when nothing of it is under way."""
        return not self._sending and not self.waiting

    @property
    def is_quick(self) -> bool:
        """True when all answers of late were successes that came quickly."""
        return self._pace_s is not None and self._pace_s <= self._quick_s

    def to_claim(self, more: int) -> int:
        """How many deliveries to claim for so many more places."""
        return more * AHEAD if self.is_quick else more

    def next(self) -> sa.Row[Any] | None:
        """What is sent next; it takes a place. None: nothing waits, or no place is free."""
        if not self.waiting or self._sending >= self.places:
            return None
        self._sending += 1
        return self.waiting.popleft()

    def sent(self, sent: Sent) -> None:
        """Note how an attempt went: a slow one counts a while, a failure until a success."""
        if not sent.is_success:
            self._pace_s = None
            return
        took_s = sent.duration_ms / 1000
        before_s = took_s if self._pace_s is None else self._pace_s
        self._pace_s = max(took_s, (before_s + took_s) / 2)

    def done(self) -> None:
        """An attempt is over, its place is free."""
        self._sending -= 1
