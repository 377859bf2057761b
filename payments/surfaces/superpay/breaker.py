"""A circuit breaker: after consecutive failures nothing is sent for a while,
then one call tries.
"""

from datetime import datetime, timedelta
from typing import Final

from payments.kernel.clock import Clock

FAILURES_MAX: Final = 5
REST_S: Final = 20.0


class Breaker:
    """One per process. Held payouts wait and become due again; status queries continue and close
    it.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._opened_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True while nothing new should be sent; after the pause one caller gets through."""
        if self._opened_at is None:
            return False
        if self._clock() - self._opened_at >= timedelta(seconds=REST_S):
            self._opened_at = self._clock()
            return False
        return True

    def note(self, *, is_healthy: bool) -> None:
        """Record the result of a call."""
        if is_healthy:
            self._failures, self._opened_at = 0, None
            return
        self._failures += 1
        if self._failures >= FAILURES_MAX:
            self._opened_at = self._clock()
