"""Statements of an account that do not follow each other. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec


class Period(msgspec.Struct, frozen=True):
    """A statement with balances, in minor units."""

    id: UUID
    begins: date
    ends: date
    opening: int
    closing: int


class Gap(msgspec.Struct, frozen=True):
    """A statement that begins with another balance than is known of that day."""

    period: Period
    expected: int


def gaps_of(periods: Sequence[Period], sums: Mapping[date, int]) -> Iterator[Gap]:
    """Each gap, whatever the order in which the statements came.

    `sums`: what the lines of a day sum to, of all statements together.
    """
    for period in periods:
        others = [other for other in periods if other.id != period.id]
        known = _known(period, others, sums)
        if known and period.opening not in known:
            yield Gap(period, known[0])


def _known(period: Period, others: Sequence[Period], sums: Mapping[date, int]) -> list[int]:
    """What the balance may be when the period begins, by the statements around it."""
    day = period.begins
    before = [other for other in others if other.ends < day]
    newest = max((other.ends for other in before), default=None)
    found = [other.closing for other in before if other.ends == newest]
    found += [
        other.opening + sum(minor for at, minor in sums.items() if other.begins <= at < day)
        for other in others
        if other.begins < day <= other.ends
    ]
    beside = [other for other in others if other.begins == day]
    found += [other.closing for other in beside if other.ends == day]  # pages of one day
    if before or not beside:
        return found
    # Nothing is known of the days before: two statements that begin on one day agree with each
    # other, or follow each other.
    is_first_page = any(other.opening == period.closing for other in beside)
    return [*(other.opening for other in beside), *found, *([period.opening] * is_first_page)]
