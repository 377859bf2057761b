"""The comparison of a registry as a table: what each pair of theirs and ours shows."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.breaks.tables import BreakKind
from payments.reconciliation.compare import TRANSIT, Difference, Ours, compare
from payments.statements.settlement_day import Line

NOW = datetime(2026, 1, 2, 3, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1)
K = BreakKind


def line(**over: Any) -> Line:
    """Paid ten roubles."""
    fields: dict[str, Any] = {
        "line_id": "l1",
        "transaction_id": "sp_1",
        "merchant_id": 1,
        "kind": "payout",
        "status": "paid",
        "minor": 1000,
        "currency": "RUB",
        "operated_at": LONG_AGO,
    }
    return Line(**{**fields, **over})


def ours(state: str = "paid", *agrees: str, **over: Any) -> Ours:
    """Ten roubles paid out."""
    fields: dict[str, Any] = {
        "id": UUID(int=1),
        "merchant_id": 1,
        "kind": "payout",
        "state": state,
        "agrees": frozenset(agrees or {state}),
        "minor": 1000,
        "currency": "RUB",
        "is_open": False,
        "is_released": False,
        "has_moved": True,
        "since": LONG_AGO,
    }
    return Ours(**{**fields, **over})


FAILED = ours("failed", "failed", "canceled", is_released=True, has_moved=False)
OPEN = ours("accepted", "-", is_open=True, has_moved=False)
REVERSED = ours("reversed", "paid", "returned")


def found(lines: list[Line], one: Ours, *elsewhere: Line) -> list[Difference]:
    """What differs."""
    return compare(lines, {1: one}, [], NOW, elsewhere)


@pytest.mark.parametrize(
    ("lines", "one", "expected"),
    [
        ([line()], ours(), []),
        ([line(minor=999)], ours(), [(K.AMOUNT_MISMATCH, (1, "RUB"))]),
        ([line(minor=1300)], ours(), [(K.AMOUNT_MISMATCH, (300, "RUB"))]),
        ([line(currency="USD")], ours(), [(K.CURRENCY_MISMATCH, (1000, "USD"))]),
        ([line(currency="USD", minor=1)], ours(), [(K.CURRENCY_MISMATCH, (1, "USD"))]),
        ([line(kind="deposit")], ours(), [(K.REFERENCE_MISMATCH, (1000, "RUB"))]),
        ([line(status="failed")], ours(), [(K.STATUS_MISMATCH, (1000, "RUB"))]),
        ([line()], FAILED, [(K.LATE_PAID_AFTER_RELEASE, (1000, "RUB"))]),
        ([line(status="returned")], FAILED, [(K.STATUS_MISMATCH, (1000, "RUB"))]),
        ([line(status="canceled")], FAILED, []),
        # nothing moved: what the line says of an amount means nothing
        ([line(status="failed", minor=5, currency="USD")], FAILED, []),
        ([line()], OPEN, [(K.STATUS_MISMATCH, (1000, "RUB"))]),
        ([line()], ours("accepted", "-", is_open=True, since=NOW), []),
        (
            [line()],
            ours("accepted", "-", is_open=True, since=NOW - TRANSIT),
            [(K.STATUS_MISMATCH, (1000, "RUB"))],
        ),
        ([line(), line(line_id="l2")], ours(), [(K.DUPLICATE_AT_PSP, (1000, "RUB"))]),
        ([line(), line(line_id="l2", status="returned")], REVERSED, []),
        # an expired deposit that was paid late ends as paid: its first line is history
        ([line(), line(line_id="l2", status="expired")], ours(), []),
        (
            [line(), line(line_id="l2", status="returned")],
            ours(),
            [(K.STATUS_MISMATCH, (1000, "RUB"))],
        ),
    ],
)
def test_a_pair_shows_what_it_should(
    lines: list[Line], one: Ours, expected: list[tuple[BreakKind, tuple[int, str]]]
) -> None:
    assert [(d.kind, d.at_risk) for d in found(lines, one)] == expected


def test_a_strangers_line_risks_what_it_moved() -> None:
    lines = [line(), line(line_id="l2", status="failed")]
    differences = compare(lines, {}, [], NOW)
    assert [(d.kind, d.reference, d.subject_id, d.at_risk) for d in differences] == [
        (K.MISSING_IN_LEDGER, "2026-01-01:l1", None, (1000, "RUB")),
        (K.MISSING_IN_LEDGER, "2026-01-01:l2", None, (0, "RUB")),
    ]


def test_paid_and_returned_are_missed_apart() -> None:
    """Each may come late; neither closes the other's break."""
    differences = compare([], {}, [(REVERSED, "paid"), (REVERSED, "returned")], NOW)
    assert [(d.kind, d.reference, d.at_risk) for d in differences] == [
        (K.MISSING_AT_PSP, str(REVERSED.id), (1000, "RUB")),
        (K.MISSING_AT_PSP, f"{REVERSED.id}:returned", (1000, "RUB")),
    ]


def test_paid_again_on_another_day_is_a_duplicate() -> None:
    """On whichever day's registry one looks, the later line is the surplus one."""
    first, again = line(), line(line_id="l2", operated_at=LONG_AGO + timedelta(hours=20))
    (break_,) = found([again], ours(), first)
    assert (break_.kind, break_.at_risk) == (K.DUPLICATE_AT_PSP, (1000, "RUB"))
    assert found([first], ours(), again) == []
    assert found([first], ours(), first) == []  # issued again with another day's registry


def test_each_surplus_line_is_a_break_of_its_own() -> None:
    lines = [line(), line(line_id="l2"), line(line_id="l3")]
    surplus = found(lines, ours())
    assert [one.kind for one in surplus] == [K.DUPLICATE_AT_PSP] * 2
    assert len({one.reference for one in surplus}) == 2


@pytest.mark.case("R3")
def test_one_line_id_on_two_days_is_two_lines() -> None:
    again = line(operated_at=LONG_AGO + timedelta(days=1))
    (surplus,) = found([again], ours(), line())
    assert surplus.kind is K.DUPLICATE_AT_PSP
    assert found([line()], ours(), again) == []


LINES = [
    line(),
    line(line_id="l2"),
    line(line_id="l3", status="returned"),
    line(line_id="l4", merchant_id=2),
    line(line_id="l5", merchant_id=3, minor=5),
]


@given(st.permutations(LINES))
def test_the_order_of_a_file_means_nothing(lines: list[Line]) -> None:
    books = {1: ours(), 3: ours(merchant_id=3, id=UUID(int=3))}
    expected = compare(LINES, books, [], NOW)
    assert compare(lines, books, [], NOW) == expected
