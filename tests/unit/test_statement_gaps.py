"""Statements that follow each other, in whatever order they came."""

from datetime import date
from itertools import permutations
from uuid import UUID

import pytest

from payments.statements.gaps import Period, gaps_of


def period(number: int, first: int, last: int, opening: int, closing: int) -> Period:
    return Period(UUID(int=number), date(2026, 11, first), date(2026, 11, last), opening, closing)


SUMS = {date(2026, 11, day): 10 for day in range(1, 8)}


@pytest.mark.parametrize(
    ("periods", "expected"),
    [
        ([period(1, 1, 1, 0, 10), period(2, 2, 2, 10, 20)], []),
        ([period(1, 1, 1, 0, 10), period(2, 4, 4, 10, 20)], []),
        ([period(1, 1, 1, 0, 10), period(2, 2, 2, 11, 21)], [(2, 10)]),
        ([period(1, 1, 7, 0, 70), period(2, 3, 3, 20, 30)], []),
        ([period(1, 1, 7, 0, 70), period(2, 3, 3, 21, 31)], [(2, 20)]),
        ([period(1, 1, 1, 0, 7), period(2, 1, 1, 7, 10)], []),
        ([period(1, 1, 1, 0, 10), period(2, 2, 2, 10, 15), period(3, 2, 2, 15, 20)], []),
        ([period(1, 1, 1, 0, 7), period(2, 1, 1, 0, 10)], []),
        ([period(1, 1, 1, 0, 7), period(2, 1, 1, 0, 3)], [(2, 10)]),
        ([period(1, 1, 1, 0, 7), period(2, 1, 1, 0, 3), period(3, 2, 2, 3, 13)], [(2, 10)]),
    ],
)
def test_gaps(periods: list[Period], expected: list[tuple[int, int]]) -> None:
    for order in permutations(periods):
        found = sorted((gap.period.id.int, gap.expected) for gap in gaps_of(order, SUMS))
        assert found == expected
