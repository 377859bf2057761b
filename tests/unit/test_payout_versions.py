"""What evidence teaches about a payout: versions, ids, and words that nobody had heard of."""

from typing import Any

import msgspec
import pytest

import payments.payouts.observe
import payments.payouts.request
from payments.breaks.tables import Break, BreakKind, BreakState, break_id
from payments.payouts.observe import ObservePayout
from payments.payouts.status import PayoutState
from payments.payouts.tables import Payout
from payments.provider.sighting import Source
from tests.properties.payout_world import World

K = BreakKind


def sent() -> World:
    """A payout that was sent and accepted."""
    made = World()
    made.request()
    made.run_effect("ok")
    return made


def observed(made: World, source: Source = Source.CALLBACK, seen: int = 0, **view: Any) -> Payout:
    """The payout after a view of the provider's, changed as said."""
    payout = made.payout(0)
    assert payout is not None
    sighting = msgspec.structs.replace(made.provider.view(payout.merchant_id), **view)
    intent = ObservePayout(payout_id=payout.id, source=source, sighting=sighting, seen_version=seen)
    made.apply(payments.payouts.observe.OPERATION, intent)
    after = made.payout(0)
    assert after is not None
    return after


def opened(made: World, kind: BreakKind) -> Break | None:
    """The break of that kind about the payout."""
    return made.state.record(Break, break_id("superpay", kind, str(made.ids[0])))


@pytest.mark.case("C8")
def test_evidence_that_is_not_believed_teaches_nothing() -> None:
    made = World()
    made.request()
    made.run_effect("lost_after")
    odd = observed(made, minor=1001, version=99, transaction_id="sp_theirs")
    assert (odd.state, odd.provider_version, odd.provider_id) == (
        PayoutState.NEEDS_OPERATOR,
        0,
        None,
    )
    also = observed(made, status="paid", version=99)
    assert (also.provider_version, also.provider_id) == (0, None), "an operator has it"
    made.resolve(odd, "paid")
    truth = observed(made, status="paid", version=3)
    assert (truth.state, truth.provider_version) == (PayoutState.PAID, 3)
    assert truth.provider_id == made.provider.view(truth.merchant_id).transaction_id
    assert observed(made, status="failed", version=98).provider_version == 3, "contradicts"
    returned = observed(made, status="returned", version=4)
    assert returned.state is PayoutState.REVERSED


@pytest.mark.case("R13")
def test_an_answer_below_the_version_we_saw_is_an_operators() -> None:
    made = sent()
    huge = 9007199254740991
    fooled = observed(made, status="processing", version=huge)
    assert (fooled.state, fooled.provider_version) == (PayoutState.ACCEPTED, huge)
    raced = observed(made, Source.QUERY, 1, status="paid", version=3)
    assert raced.state is PayoutState.ACCEPTED, "asked before we saw it: it may be older"
    made.effects.clear()
    observed(made, status="paid", version=3)
    ((_, question),) = made.effects
    assert question.kind == payments.payouts.request.QUERY_EFFECT
    assert question.body["seen_version"] == huge
    told = observed(made, Source.QUERY, huge, status="paid", version=3)
    assert (told.state, told.reason) == (PayoutState.NEEDS_OPERATOR, "version_mismatch")
    found = opened(made, K.VERSION_MISMATCH)
    assert found is not None
    assert (found.at_risk_minor, found.currency) == (told.minor, "RUB")


@pytest.mark.case("R13")
def test_a_huge_version_does_not_silence_what_becomes_of_settled_money() -> None:
    made = sent()
    huge = 9007199254740991
    assert observed(made, status="paid", version=huge).state is PayoutState.PAID
    made.effects.clear()
    observed(made, status="processing", version=2)
    assert not made.effects, "a late step on the way"
    observed(made, status="returned", version=4)
    assert len(made.effects) == 1
    told = observed(made, Source.QUERY, huge, status="returned", version=4)
    assert told.state is PayoutState.PAID
    assert opened(made, K.VERSION_MISMATCH) is not None


@pytest.mark.case("R8")
@pytest.mark.parametrize("end", ["paid", "failed", "canceled"])
def test_a_word_we_do_not_know_about_settled_money_is_a_break(end: str) -> None:
    made = sent()
    ended = observed(made, status=end, version=2)
    after = observed(made, status="recalled", version=3)
    assert (after.state, after.provider_version) == (ended.state, 2)
    found = opened(made, K.STATUS_MISMATCH)
    assert found is not None
    assert (found.state, found.at_risk_minor) == (BreakState.OPEN, 1000)
    assert found.details["theirs"]["status"] == "recalled"


@pytest.mark.case("R8")
def test_a_word_we_do_not_know_about_held_money_waits_and_teaches_nothing() -> None:
    made = sent()
    after = observed(made, status="on_hold", version=7)
    assert (after.state, after.provider_version) == (PayoutState.ACCEPTED, 1)
    unsent = World()
    unsent.request()
    payout = unsent.payout(0)
    assert payout is not None
    unsent.provider.receive(payout.merchant_id)
    known = observed(unsent, status="on_hold")
    assert known.state is PayoutState.NEEDS_OPERATOR, "SuperPay knows one we did not send"
