"""When the provider is queried again: at growing intervals, without end, with jitter."""

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
    """`waits_s[n]` passes before check number n; the last one repeats.

    `resend_after_s`: ignore 404 for this long after sending.
    """

    waits_s: tuple[float, ...] = (30, 60, 120, 300, 900, 3600, 10_800, 21_600, 43_200)
    resend_after_s: float = 900

    def next_at(self, merchant_id: int, checks: int, checked_at: datetime) -> datetime:
        """When the next check is due after `checks` checks, the last of them at `checked_at`."""
        wait_s = self.waits_s[min(checks, len(self.waits_s) - 1)]
        return checked_at + timedelta(seconds=wait_s * self.jitter(merchant_id))

    @staticmethod
    def jitter(merchant_id: int) -> float:
        """Deterministic jitter per merchant_id, 1.0 to 1.2, so the displayed
        time is the real one.
        """
        return 1 + _JITTER * (merchant_id * _PRIME % _SPREAD) / _SPREAD


def is_due(table: sa.Table, schedule: Schedule, now: datetime) -> sa.ColumnElement[bool]:
    """SQL version of `next_at`; needs columns merchant_id, checks, checked_at."""
    c, last = table.c, len(schedule.waits_s) - 1
    spread = sa.cast(c.merchant_id % _SPREAD * _PRIME % _SPREAD, sa.Float) / float(_SPREAD)
    wait_s = sa.case(
        *((c.checks == number, wait) for number, wait in enumerate(schedule.waits_s[:last])),
        else_=schedule.waits_s[last],
    )
    due_at = c.checked_at + sa.func.make_interval(0, 0, 0, 0, 0, 0, wait_s * (1 + _JITTER * spread))
    # A time far ahead came from a wrong clock: waiting for it would stop the checks for that long.
    return sa.or_(due_at <= now, c.checked_at > now + _AHEAD)
