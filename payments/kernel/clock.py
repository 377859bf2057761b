"""Time as aware UTC datetimes from one place, so that tests can replace it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], datetime]
"""A function that returns the current time."""


def utc_now() -> datetime:
    """The time now, aware, in UTC."""
    return datetime.now(UTC)


def monotonic_s() -> float:
    """Seconds of a clock that never goes back, for measuring and deadlines."""
    return time.monotonic()


@lru_cache(maxsize=16)  # a batch says its time in every row
def rfc3339(moment: datetime) -> str:
    """The moment as RFC 3339 text in UTC: `2026-11-20T21:00:00.123456Z`."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat()[:-6]}Z"  # without +00:00
