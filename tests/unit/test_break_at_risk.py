"""Every break about a payout says how much money is at risk: never nothing, never all by habit."""

from typing import Any

import msgspec
import pytest

import payments.payouts.observe
from payments.breaks.tables import Break, BreakKind, break_id, new_break
from payments.payouts.observe import ObservePayout
from payments.provider.sighting import Source
from tests.fixtures.deciding import NOW
from tests.properties.payout_world import MINOR, World

K = BreakKind


def after(*words: str) -> World:
    """A payout that was sent, and what the provider said of it then."""
    made = World()
    made.request()
    made.run_effect("ok")
    for number, word in enumerate(words):
        show(made, status=word, version=2 + number)
    return made


def show(made: World, source: Source = Source.CALLBACK, seen: int = 0, **view: Any) -> None:
    """A view of the provider's, changed as said."""
    payout = made.payout(0)
    assert payout is not None
    sighting = msgspec.structs.replace(made.provider.view(payout.merchant_id), **view)
    intent = ObservePayout(payout_id=payout.id, source=source, sighting=sighting, seen_version=seen)
    made.apply(payments.payouts.observe.OPERATION, intent)


@pytest.mark.parametrize(
    ("before", "view", "kind", "minor"),
    [
        ((), {"minor": MINOR + 300}, K.AMOUNT_MISMATCH, 300),
        ((), {"minor": 1}, K.AMOUNT_MISMATCH, MINOR - 1),
        ((), {"currency": "USD"}, K.CURRENCY_MISMATCH, MINOR),
        ((), {"wallet_id": "W-9"}, K.REFERENCE_MISMATCH, MINOR),
        (("paid",), {"status": "failed", "version": 9}, K.STATUS_MISMATCH, MINOR),
        (("paid",), {"status": "recalled", "version": 9}, K.STATUS_MISMATCH, MINOR),
        (("failed",), {"status": "paid", "version": 9}, K.LATE_PAID_AFTER_RELEASE, MINOR),
        (("canceled",), {"status": "paid", "version": 9}, K.LATE_PAID_AFTER_RELEASE, MINOR),
        (("paid",), {"version": 1, "seen": 2, "source": Source.QUERY}, K.VERSION_MISMATCH, MINOR),
    ],
)
def test_of_evidence(
    before: tuple[str, ...], view: dict[str, Any], kind: BreakKind, minor: int
) -> None:
    made = after(*before)
    show(made, **view)
    found = made.state.record(Break, break_id("superpay", kind, str(made.ids[0])))
    assert found is not None
    assert (found.at_risk_minor, found.currency) == (minor, "RUB")


@pytest.mark.parametrize("kind", list(BreakKind))
def test_of_a_new_break_of_any_kind(kind: BreakKind) -> None:
    one = new_break(
        "superpay",
        kind,
        "reference",
        merchant_id=1,
        subject_id=None,
        at_risk=(4711, "USD"),
        details={},
        found_by="a test",
        now=NOW,
    )
    assert (one.at_risk_minor, one.currency) == (4711, "USD")
