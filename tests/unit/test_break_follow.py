"""A break follows the facts: what is found again is updated or opened again, with its history."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from payments.breaks.follow import HISTORY_MAX, followed, gone
from payments.breaks.tables import Break, BreakKind, BreakState, new_break
from payments.kernel.money import currency_of, format_minor

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def found(minor: int = 10, now: datetime = NOW, **over: Any) -> Break:
    """An amount that differs by `minor` kopecks."""
    amount = format_minor(1000 + minor, currency_of("RUB"))
    fields: dict[str, Any] = {
        "merchant_id": 1,
        "subject_id": UUID(int=1),
        "at_risk": (minor, "RUB"),
        "details": {"theirs": {"status": "paid", "amount": amount, "currency": "RUB"}},
        "found_by": "registry:1",
        "now": now,
    }
    kind = over.pop("kind", BreakKind.AMOUNT_MISMATCH)
    return new_break("superpay", kind, "r", **{**fields, **over})


def resolved(one: Break) -> Break:
    """As a person leaves it."""
    return one.changed(
        state=BreakState.RESOLVED,
        resolution={"resolution": "reason", "reason": "written off"},
        resolved_by="ann",
        resolution_id=UUID(int=9),
        resolved_at=NOW,
    )


def test_the_same_again_is_no_news() -> None:
    assert followed(None, found()) == found()
    assert followed(found(), found(now=LATER)) is None
    assert followed(resolved(found()), found(now=LATER)) is None


def test_a_callback_and_a_registry_that_say_the_same_are_the_same() -> None:
    said = {"status": "paid", "transaction_id": "sp_1", "version": 4, "amount": "10.10"}
    by_callback = found(details={"theirs": {**said, "currency": "RUB"}}, found_by="evidence:1")
    assert followed(resolved(by_callback), found(now=LATER)) is None


@pytest.mark.case("R2")
def test_written_off_and_then_worse_is_open_again() -> None:
    again = followed(resolved(found(10)), found(420_000, LATER))
    assert again is not None
    assert (again.state, again.at_risk_minor, again.resolved_at) == (BreakState.OPEN, 420_000, None)
    assert (again.opened_at, again.resolution, again.resolved_by) == (LATER, None, None)
    (was,) = again.history
    assert (was["state"], was["money_at_risk"], was["resolved_by"]) == ("resolved", "0.10", "ann")
    assert was["resolution"] == {"resolution": "reason", "reason": "written off"}


@pytest.mark.case("R2")
def test_at_risk_of_an_open_one_follows_and_a_proposal_for_the_old_facts_falls() -> None:
    before = found(2000).changed(proposal={"ledger": {}}, state=BreakState.ASSIGNED, assignee="bob")
    after = followed(before, found(45_000, LATER))
    assert after is not None
    assert (after.at_risk_minor, after.proposal) == (45_000, None)
    assert (after.state, after.assignee, after.opened_at) == (BreakState.ASSIGNED, "bob", NOW)
    assert after.history[0]["proposal"] == {"ledger": {}}


@pytest.mark.case("R2")
@pytest.mark.parametrize("by_person", [True, False])
def test_missing_there_missing_again(*, by_person: bool) -> None:
    """Whoever ended it: once the line was there, its going is news."""
    missing = found(kind=BreakKind.MISSING_AT_PSP, details={"theirs": None, "lacks": "paid"})
    before = resolved(missing) if by_person else missing
    came = gone(before, "timing", "it came", "registry", NOW)
    assert came.state is BreakState.RESOLVED
    assert came.resolved_by == ("ann" if by_person else "registry")
    again = followed(came, missing.changed(opened_at=LATER))
    assert again is not None
    assert (again.state, len(again.history)) == (BreakState.OPEN, 1)
    assert followed(again, missing) is None


def test_history_is_bounded() -> None:
    one = found(0)
    for minor in range(1, HISTORY_MAX + 20):
        one = followed(one, found(minor)) or one
    assert len(one.history) == HISTORY_MAX
    assert one.history[-1]["money_at_risk"] == format_minor(minor - 1, currency_of("RUB"))
