"""Which lines of a bank pay which settlement files."""

from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.statements.account_list import days_late
from payments.statements.pairing import Part, paired

DAY = date(2026, 11, 26)


def line(number: int, minor: int, day: int = 1) -> Part:
    return Part(UUID(int=number), DAY + timedelta(day), minor)


def file(number: int, minor: int, day: int = 0) -> Part:
    return Part(UUID(int=100 + number), DAY + timedelta(day), minor)


@pytest.mark.parametrize(
    ("lines", "files", "pairs"),
    [
        ([(1, 120275)], [(1, 120275)], [([1], [101])]),
        ([(1, 300)], [(1, 100), (2, 200)], [([1], [101, 102])]),
        ([(1, 100), (2, 200)], [(1, 300)], [([1, 2], [101])]),
        ([(1, 200), (2, 100)], [(1, 100), (2, 200)], [([1], [102]), ([2], [101])]),
        ([(1, 100), (2, 100)], [(1, 100)], [([1], [101])]),
        ([(1, -50)], [(1, -50)], [([1], [101])]),
        ([(1, 99)], [(1, 100)], []),
    ],
)
def test_what_pays_what(
    lines: list[tuple[int, int]], files: list[tuple[int, int]], pairs: list[tuple[list[int], ...]]
) -> None:
    result = paired([line(*one) for one in lines], [file(*one) for one in files], 0)
    assert [
        ([part.id.int for part in one.lines], [part.id.int for part in one.files])
        for one in result.pairings
    ] == pairs


def test_a_difference_is_near_and_within_the_drift_it_is_paid() -> None:
    near = paired([line(1, 99)], [file(1, 100)], 0).near
    assert near is not None
    assert near.difference == -1
    assert [one.difference for one in paired([line(1, 99)], [file(1, 100)], 1).pairings] == [-1]
    assert paired([line(1, 99)], [file(1, 100)], 1).near is None


def test_nothing_is_paid_before_its_day() -> None:
    early = paired([line(1, 100, day=0)], [file(1, 100, day=1)], 5)
    assert (early.pairings, early.near) == ((), None)


SUMS = st.lists(st.integers(-5, 5).filter(bool), max_size=6)


@given(lines=SUMS, files=SUMS)
def test_each_stands_in_one_pairing_and_every_pairing_is_exact(
    lines: list[int], files: list[int]
) -> None:
    result = paired(
        [line(n, minor) for n, minor in enumerate(lines, 1)],
        [file(n, minor) for n, minor in enumerate(files, 1)],
        0,
    )
    assert all(one.difference == 0 for one in result.pairings)
    ids = [part.id for one in result.pairings for part in (*one.lines, *one.files)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("today", "late"), [(28, 0), (29, 0), (30, 1), (31, 2)])
def test_days_that_a_statement_is_late(today: int, late: int) -> None:
    assert days_late(DAY, 3, date(2026, 11, 26) + timedelta(today - 26)) == late
    assert days_late(None, 3, DAY) == 0
