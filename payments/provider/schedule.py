"""When the provider is asked again: later and later, for ever, and never all at once."""

from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

_JITTER: Final = 0.2
_SPREAD: Final = 1000
_PRIME: Final = 7919
_AHEAD: Final = timedelta(minutes=1)
"""Clocks of several hosts differ; more than this is a fault."""


class Schedule(msgspec.Struct, frozen=True):
    """`waits_s[n]` passes before check number n; the last one repeats. `resend_after_s`.

    How long a 404 means nothing.
    """

    waits_s: tuple[float, ...] = (30, 60, 120, 300, 900, 3600, 10_800, 21_600, 43_200)
    resend_after_s: float = 900

    def next_at(self, merchant_id: int, checks: int, checked_at: datetime) -> datetime:
        """When the next check is due after `checks` of them, the last one at `checked_at`."""
        wait_s = self.waits_s[min(checks, len(self.waits_s) - 1)]
        return checked_at + timedelta(seconds=wait_s * self.jitter(merchant_id))

    @staticmethod
    def jitter(merchant_id: int) -> float:
        """1.0 to 1.2, the same for a transaction every time.

        So that what is shown is what happens.
        """
        return 1 + _JITTER * (merchant_id * _PRIME % _SPREAD) / _SPREAD


def is_due(table: sa.Table, schedule: Schedule, now: datetime) -> sa.ColumnElement[bool]:
    """The same rule as `next_at`, for a WHERE clause over `merchant_id`.

    `checks` and `checked_at`.
    """
    c, last = table.c, len(schedule.waits_s) - 1
    spread = sa.cast(c.merchant_id % _SPREAD * _PRIME % _SPREAD, sa.Float) / float(_SPREAD)
    wait_s = sa.case(
        *((c.checks == number, wait) for number, wait in enumerate(schedule.waits_s[:last])),
        else_=schedule.waits_s[last],
    )
    due_at = c.checked_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, wait_s * (1 + _JITTER * spread))
    # A time far ahead was written by a clock that was wrong: waiting for it would be a silence.
    return sa.or_(due_at <= now, c.checked_at > now + _AHEAD)
