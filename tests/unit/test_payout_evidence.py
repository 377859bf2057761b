"""Whether a view is of our payout at all, when a payout is sent again, and from which wallet."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

import payments.breaks.resolve
import payments.payouts.check
import payments.payouts.observe
import payments.payouts.request
from payments.breaks.resolve import Place, Posting, ResolveBreak
from payments.breaks.tables import Break, BreakKind, BreakState, new_break
from payments.ledger import chart
from payments.ledger.chart import AccountStatus, Kind
from payments.operations.outcome import Applied, Refused
from payments.operations.refusals import APPROVER_IS_PROPOSER, OTHER_RESOLUTION_PROPOSED
from payments.payouts.check import CheckPayout
from payments.payouts.classify import claim_of, mismatch
from payments.payouts.request import RequestPayout
from payments.payouts.status import Claim, PayoutState
from payments.provider.sighting import Sighting
from payments.wallets.refusals import WALLET_FROZEN
from tests.fixtures.deciding import CONTEXT, NOW, account, state
from tests.properties.payout_world import World

K = BreakKind


def sent() -> World:
    """A payout that was sent and accepted."""
    made = World()
    made.request()
    made.run_effect("ok")
    return made


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, None),
        ({"minor": 1001}, K.AMOUNT_MISMATCH),
        ({"currency": "USD"}, K.CURRENCY_MISMATCH),
        ({"kind": "deposit"}, K.REFERENCE_MISMATCH),
        ({"merchant_id": 9}, K.REFERENCE_MISMATCH),
        ({"wallet_id": "W-9"}, K.REFERENCE_MISMATCH),
        ({"transaction_id": "sp_9"}, K.REFERENCE_MISMATCH),
    ],
)
def test_what_is_not_our_payout(change: dict[str, Any], expected: BreakKind | None) -> None:
    made = sent()
    payout = made.payout(0)
    assert payout is not None
    seen = msgspec.structs.replace(made.provider.view(payout.merchant_id), **change)
    assert mismatch(payout, seen) is expected
    assert (claim_of(seen, expected) is Claim.CONFLICT) == (expected is not None)


@pytest.mark.case("R8")
def test_a_word_we_do_not_know_is_no_claim_we_know() -> None:
    made = sent()
    payout = made.payout(0)
    assert payout is not None
    seen: Sighting = made.provider.view(payout.merchant_id)
    unheard = msgspec.structs.replace(seen, status="unheard of")
    assert claim_of(unheard, None) is Claim.UNRECOGNIZED


@pytest.mark.parametrize(("asked_after_s", "is_resend"), [(899, False), (900, True)])
def test_a_404_means_something_after_a_quarter_of_an_hour(
    asked_after_s: int, *, is_resend: bool
) -> None:
    made = World()
    made.request()
    made.run_effect("lost_before")
    made.jump(asked_after_s)
    made.check(0)
    made.run_effect("not_found")
    made.now += timedelta(days=1)
    payout = made.payout(0)
    assert payout is not None
    intent = CheckPayout(payout_id=payout.id, checks=payout.checks, resend_after_s=900)
    outcome = payments.payouts.check.decide(intent, made.state, CONTEXT)
    assert isinstance(outcome, Applied)
    (effect,) = outcome.effects
    assert (effect.kind == payments.payouts.request.SUBMIT_EFFECT) is is_resend


def test_a_frozen_wallet_pays_nothing_out() -> None:
    wallet = account(chart.owned(Kind.WALLET, 1, "RUB"), 5000, is_frozen=True)
    intent = RequestPayout(
        wallet_id=1, superpay_wallet_id="W-1", minor=1, currency="RUB", description=""
    )
    outcome = payments.payouts.request.decide(intent, state([wallet]), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is WALLET_FROZEN


def posted(one: Break, actor: str, minor: int = 1000) -> Applied | Refused:
    """An operator wants money moved for a break."""
    posting = Posting(
        source=Place(house="suspense"), destination=Place(wallet_id=1), minor=minor, currency="RUB"
    )
    intent = ResolveBreak(break_id=one.id, reason="r", posting=posting)
    context = msgspec.structs.replace(CONTEXT, actor=actor)
    wallet = account(chart.owned(Kind.WALLET, 1, "RUB"))
    outcome = payments.breaks.resolve.decide(intent, state([wallet], [one]), context)
    assert isinstance(outcome, Applied | Refused)
    return outcome


def test_money_of_a_break_takes_two_who_say_the_same() -> None:
    opened = new_break(
        "superpay",
        K.UNAPPLIED_DEPOSIT,
        "x",
        merchant_id=1,
        subject_id=None,
        at_risk=(1000, "RUB"),
        details={},
        found_by="test",
        now=NOW,
    )
    first = posted(opened, "ann")
    assert isinstance(first, Applied)
    (proposed,) = first.puts
    assert isinstance(proposed, Break)
    assert (proposed.state, first.legs) == (BreakState.OPEN, ())
    again = posted(proposed, "ann")
    assert isinstance(again, Refused)
    assert again.refusal is APPROVER_IS_PROPOSER
    other = posted(proposed, "bob", minor=999)
    assert isinstance(other, Refused)
    assert other.refusal is OTHER_RESOLUTION_PROPOSED
    changed = posted(proposed, "ann", minor=999)
    assert isinstance(changed, Applied)
    assert changed.legs == (), "their own proposal they may change, alone they may not post it"
    done = posted(proposed, "bob")
    assert isinstance(done, Applied)
    assert sorted(leg.minor for leg in done.legs) == [-1000, 1000]
    (ended,) = done.puts
    assert isinstance(ended, Break)
    assert (ended.state, ended.resolved_by) == (BreakState.RESOLVED, "bob")


def freeze(made: World, *, is_frozen: bool) -> None:
    """The payouts' wallet."""
    status = AccountStatus.FROZEN if is_frozen else AccountStatus.OPEN
    made.balances.set_status(chart.wallet(1), status)


@pytest.mark.case("M2")
def test_a_first_send_from_a_frozen_wallet_waits_and_goes_on() -> None:
    made = World()
    made.request()
    freeze(made, is_frozen=True)
    made.run_effect("ok")  # the executor had the order already: the claim is refused
    payout = made.payout(0)
    assert payout is not None
    assert (payout.state, payout.reason) == (PayoutState.HELD, "wallet_frozen")
    assert made.provider.status == {}
    for _ in range(3):
        made.jump(3600)
        made.check(0)
        assert not made.effects, "nothing is sent while it is frozen"
    kept = made.payout(0)
    assert kept is not None
    assert kept.version == payout.version, "one line in the timeline, not one a check"
    freeze(made, is_frozen=False)
    made.check(0)
    freed = made.payout(0)
    assert freed is not None
    assert freed.reason is None
    made.run_effect("ok")
    assert list(made.provider.status.values()) == ["created"]


@pytest.mark.case("M2")
def test_a_held_payout_of_a_frozen_wallet_can_be_canceled() -> None:
    made = World()
    made.request()
    freeze(made, is_frozen=True)
    made.cancel(0)
    payout = made.payout(0)
    assert payout is not None
    assert payout.state is PayoutState.CANCELED
    assert made.balances.accounts[chart.wallet(1)].debits_pending == 0
    made.run_effect("ok")
    assert made.provider.status == {}


@pytest.mark.case("M2")
@pytest.mark.parametrize(
    ("word", "state_", "minor"),
    [("paid", PayoutState.PAID, -1000), ("failed", PayoutState.FAILED, 0)],
)
def test_what_is_on_the_wire_settles_in_a_frozen_wallet(
    word: str, state_: PayoutState, minor: int
) -> None:
    made = sent()
    before = made.balances.accounts[chart.wallet(1)].balance
    freeze(made, is_frozen=True)
    payout = made.payout(0)
    assert payout is not None
    made.provider.advance(payout.merchant_id, word)
    made.callback(0, keep=False)
    ended = made.payout(0)
    assert ended is not None
    assert ended.state is state_
    wallet = made.balances.accounts[chart.wallet(1)]
    assert (wallet.balance - before, wallet.debits_pending) == (minor, 0)
    if state_ is PayoutState.PAID:
        made.provider.advance(payout.merchant_id, "returned")
        made.callback(0, keep=False)
        assert wallet.balance == before, "what came back is the wallet's own"


@pytest.mark.case("M2")
def test_what_was_never_found_is_not_sent_again_from_a_frozen_wallet() -> None:
    made = World()
    made.request()
    made.run_effect("lost_before")
    made.jump(1000)
    made.check(0)
    made.run_effect("not_found")
    freeze(made, is_frozen=True)
    for _ in range(3):
        made.jump(3600)
        made.check(0)
        ((_, effect),) = made.effects
        assert effect.kind == payments.payouts.request.QUERY_EFFECT
        made.run_effect("not_found")
    payout = made.payout(0)
    assert payout is not None
    assert (payout.state, payout.reason) == (PayoutState.UNKNOWN, "wallet_frozen")
    freeze(made, is_frozen=False)
    made.check(0)
    made.run_effect("ok")
    freed = made.payout(0)
    assert freed is not None
    assert (freed.state, freed.reason) == (PayoutState.ACCEPTED, None)
