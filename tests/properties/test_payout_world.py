"""Random histories of answers, callbacks, queries, crashes and clock jumps.

The promises about money hold in all of them.
"""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from payments.ledger import chart
from payments.ledger.chart import Kind
from payments.payouts.status import HOLDING, PayoutState
from payments.payouts.tables import Payout
from tests.properties.payout_world import MINOR, STARTS, WALLET, World

FATES = (
    "ok",
    "not_sent",
    "lost_before",
    "lost_after",
    "refused",
    "not_found",
    "dies_after_claim",
    "dies_after_send",
    "dies_after_report",
)
NUMBER = st.integers(0, 1)
POLL = st.tuples(
    st.just("poll"),
    NUMBER,
    st.sampled_from(("ok", "not_found", "not_found", "not_sent", "lost_after")),
)
"""A quarter of an hour later it is due, and the executor does what that asks for."""
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("request")),
        st.tuples(st.just("run_effect"), st.sampled_from(FATES)),
        st.tuples(st.just("run_effect"), st.sampled_from(FATES)),
        st.tuples(st.just("check"), NUMBER),
        POLL,
        POLL,
        POLL,
        st.tuples(st.just("cancel"), NUMBER),
        st.tuples(st.just("callback"), NUMBER, st.booleans()),
        st.tuples(
            st.just("advance"),
            NUMBER,
            st.sampled_from(["processing", "paid", "failed", "canceled", "returned"]),
        ),
        st.tuples(st.just("jump"), st.sampled_from([-3600, 1, 60, 200, 1000, 90_000])),
    ),
    min_size=8,
    max_size=30,
)


TURNED_AWAY_AFTER_DOUBT = [
    ("run_effect", "lost_after"),
    ("poll", 0, "not_found"),
    ("poll", 0, "not_sent"),
    ("cancel", 0),
    ("advance", 0, "paid"),
]
"""The first send was executed; that a later one was not says nothing of it."""
DIED_AFTER_SENDING = [
    ("run_effect", "dies_after_send"),
    ("run_effect", "not_sent"),
    ("cancel", 0),
    ("advance", 0, "paid"),
]
RETURNED_BEFORE_WE_KNEW = [
    ("run_effect", "lost_after"),
    ("advance", 0, "paid"),
    ("advance", 0, "returned"),
    ("poll", 0, "ok"),
]
REFUSED_AFTER_DOUBT = [
    ("run_effect", "lost_before"),
    ("poll", 0, "not_found"),
    ("poll", 0, "refused"),
    ("cancel", 0),
]
"""Histories that chance finds too rarely.

Each was a way to lose money in some mutant of the rules.
"""


def take(world: World, step: tuple[Any, ...]) -> None:
    """One step of a history."""
    name, *arguments = step
    if name == "advance":
        payout = world.payout(arguments[0])
        if payout is not None:
            world.provider.advance(payout.merchant_id, arguments[1])
    elif name == "callback":
        world.callback(arguments[0], keep=arguments[1])
    else:
        getattr(world, name)(*arguments)


def payouts(world: World) -> list[Payout]:
    """All of them."""
    return [p for n in range(len(world.ids)) if (p := world.payout(n)) is not None]


def promises(world: World) -> None:
    """What holds at every moment."""
    open_minor = 0
    for payout in payouts(world):
        hold = world.hold(payout)
        is_holding = payout.state in HOLDING
        assert (hold.closed_at is None) == is_holding
        open_minor += hold.left
        assert world.provider.paid.get(payout.merchant_id, 0) <= 1, "paid twice"
        if payout.state in {PayoutState.PAID, PayoutState.REVERSED}:
            assert world.provider.paid.get(payout.merchant_id) == 1, "settled what was not paid"
        if payout.state in {PayoutState.FAILED, PayoutState.CANCELED}:
            assert world.provider.paid.get(payout.merchant_id, 0) == 0, "released what was paid"
    accounts = world.balances.accounts
    wallet = accounts[chart.wallet(WALLET)]
    clearing = accounts[chart.house(Kind.SUPERPAY_CLEARING, "RUB").id]
    settled = sum(MINOR for p in payouts(world) if p.state is PayoutState.PAID)
    assert sum(a.balance for a in accounts.values()) == 0
    assert wallet.debits_pending == open_minor
    assert (wallet.balance, clearing.balance) == (STARTS - settled, settled)


def heal(world: World) -> None:
    """The world behaves again: everything that is due is done until nothing is open."""
    for round_ in range(60):
        if all(p.state not in HOLDING for p in payouts(world)):
            break
        for _ in range(len(world.effects)):
            world.run_effect("ok")
        for number, payout in enumerate(payouts(world)):
            if world.provider.status.get(payout.merchant_id) in {"created", "processing"}:
                world.provider.advance(payout.merchant_id, "paid")
            world.jump(1000)
            world.check(number)
            if round_ > 40 and payout.state is PayoutState.NEEDS_OPERATOR:
                world.resolve(payout, _truth(world, payout))
        promises(world)
    while world.provider.events:
        world.callback(0, keep=False)


def _truth(world: World, payout: Payout) -> str:
    status = world.provider.status.get(payout.merchant_id, "failed")
    return "paid" if status in {"paid", "returned"} else "failed"


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
@example(TURNED_AWAY_AFTER_DOUBT)
@example(DIED_AFTER_SENDING)
@example(RETURNED_BEFORE_WE_KNEW)
@example(REFUSED_AFTER_DOUBT)
def test_promises_hold_in_every_history(steps: list[tuple[Any, ...]]) -> None:
    world = World()
    world.request()
    for step in steps:
        take(world, step)
        promises(world)
    heal(world)
    promises(world)
    ends = {
        "paid": {PayoutState.PAID},
        "returned": {PayoutState.REVERSED, PayoutState.PAID},
        "failed": {PayoutState.FAILED, PayoutState.CANCELED},
        "canceled": {PayoutState.FAILED, PayoutState.CANCELED},
        None: {PayoutState.CANCELED, PayoutState.FAILED},
    }
    for payout in payouts(world):
        status = world.provider.status.get(payout.merchant_id)
        assert payout.state in ends[status], f"{status} at the provider, {payout.state} here"
