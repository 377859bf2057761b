"""Moves a payout: row, attempt, hold, ledger and evidence change together."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

import msgspec

from payments.holds.rules import captured, released
from payments.holds.tables import Hold
from payments.kernel.ids import AccountId
from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.chart import AccountSpec, Kind
from payments.ledger.posting import Leg, Reserve, move
from payments.operations.operation import Context, State
from payments.operations.outcome import Applied, Effect, Result
from payments.operations.record import Record, Ref
from payments.payouts.status import HOLDING, Claim, PayoutState, Verdict
from payments.payouts.tables import Attempt, Evidence, Payout
from payments.provider.sighting import Source


class PayoutMoved(Result, frozen=True, kw_only=True):
    """Where the payout stands after the operation."""

    payout_id: str
    merchant_id: int
    payout_status: Annotated[str, one_of(PayoutState)]


class PayoutStands(Result, frozen=True, kw_only=True):
    """The current state of a payout that the operation does not fit."""

    payout_status: Annotated[str, one_of(PayoutState)]


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of a payout changes besides its own row."""

    legs: tuple[Leg, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    hold: Hold | None = None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of evidence before it is judged."""

    source: Source
    claim: Claim
    details: Mapping[str, Any] = {}
    callback_id: UUID | None = None


def refs(payout_id: UUID) -> tuple[Ref, ...]:
    """The payout, its attempt and its hold."""
    return Ref(Payout, payout_id), Ref(Attempt, payout_id, "payout_id"), Ref(Hold, payout_id)


def accounts(payout_id: UUID, state: State) -> Iterable[AccountId | AccountSpec]:
    """The wallet and the provider's clearing account."""
    payout = state.record(Payout, payout_id)
    if payout is None:
        return ()
    return chart.wallet(payout.wallet_id), clearing(payout.currency)


def clearing(currency: str) -> AccountSpec:
    """What SuperPay has paid for us, minus what it has received for us."""
    return chart.house(Kind.SUPERPAY_CLEARING, currency)


def settle(payout: Payout, hold: Hold, after: PayoutState, context: Context) -> Moved:
    """Ledger effect of entering a state. paid: capture the hold; reversed: return the money; failed
    or canceled: release the hold.
    """
    wallet, house = chart.wallet(payout.wallet_id), clearing(payout.currency).id
    if after in HOLDING:
        return Moved()
    if after in {PayoutState.FAILED, PayoutState.CANCELED}:
        closed, reserve = released(hold, context.now)
        return Moved(hold=closed, reserves=(reserve,))
    out, back = move(wallet, house, payout.minor), move(house, wallet, payout.minor)
    if payout.state is PayoutState.PAID:
        return Moved(legs=back)
    closed, reserve = captured(hold, payout.minor, context.now, is_final=True)
    # Returned before we learned that it was paid: both happened, so both are booked.
    legs = out if after is PayoutState.PAID else (*out, *back)
    return Moved(legs=legs, reserves=(reserve,), hold=closed)


def step(
    payout: Payout,
    fact: Fact,
    verdict: Verdict,
    after: PayoutState,
    context: Context,
    **changes: Any,
) -> tuple[Payout, Evidence]:
    """The payout after a piece of evidence, and the evidence row to store."""
    has_moved = after is not payout.state
    if has_moved:
        changes = {"checks": 0, "checked_at": context.now, "proposal": None} | changes
        # A resend does not restart the alarm: it counts from when the outcome became unknown.
        if {payout.state, after} != {PayoutState.UNKNOWN, PayoutState.SUBMITTING}:
            changes["state_since"] = context.now
    if after not in HOLDING:
        changes["ended_at"] = payout.ended_at or context.now
    moved = payout.changed(
        state=after, version=payout.version + 1, updated_at=context.now, **changes
    )
    return moved, Evidence(
        id=context.operation_id,
        payout_id=payout.id,
        number=moved.version,
        source=fact.source,
        claim=fact.claim,
        verdict=verdict,
        state_before=payout.state,
        state_after=after,
        details=fact.details,
        callback_id=fact.callback_id,
        actor=context.actor,
        recorded_at=context.now,
    )


def outcome(
    payout: Payout,
    moved: Moved,
    puts: Iterable[Record | None],
    *,
    effects: tuple[Effect, ...] = (),
    result: type[PayoutMoved] = PayoutMoved,
    more: Mapping[str, Any] | None = None,
) -> Applied:
    """The applied operation of a step; `more` holds the fields `result` adds to PayoutMoved."""
    rows = (payout, moved.hold, *puts)
    return Applied(
        legs=moved.legs,
        reserves=moved.reserves,
        puts=tuple(row for row in rows if row is not None),
        effects=effects,
        result=result(
            payout_id=str(payout.id),
            merchant_id=payout.merchant_id,
            payout_status=payout.state.value,
            **(more or {}),
        ),
    )
