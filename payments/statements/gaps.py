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
    """A statement that begins with another balance than is known of that day; `at_end`: one that
    ends with another balance than the lines of all statements give.
    """

    period: Period
    expected: int
    at_end: bool = False

    @property
    def says(self) -> int:
        """The balance that the statement has."""
        return self.period.closing if self.at_end else self.period.opening

    @property
    def day(self) -> date:
        """The day of that balance."""
        return self.period.ends if self.at_end else self.period.begins


def gaps_of(periods: Sequence[Period], sums: Mapping[date, int]) -> Iterator[Gap]:
    """Each gap, whatever the order in which the statements came.

    `sums`: what the lines of a day sum to, of all statements together.
    """
    is_whole = True
    for period in periods:
        others = [other for other in periods if other.id != period.id]
        known = _known(period, others, sums)
        if known and period.opening not in known:
            is_whole = False
            yield Gap(period, known[0])
    if is_whole:
        yield from _contradictions(periods, sums)


def _contradictions(periods: Sequence[Period], sums: Mapping[date, int]) -> Iterator[Gap]:
    """Days on which no statement ends with what all lines give: two statements of one day that
    have other lines, or one day in two formats.
    """
    for day in sorted({period.ends for period in periods}):
        ending = [period for period in periods if period.ends == day]
        given = [
            one.opening + sum(minor for at, minor in sums.items() if one.begins <= at <= day)
            for one in periods
            if one.begins <= day
        ]
        if not {one.closing for one in ending}.intersection(given):
            last = max(ending, key=lambda one: one.id.int)
            yield Gap(last, next(iter(given)), at_end=True)
            return  # days after it follow from it


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
