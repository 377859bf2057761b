"""break.resolve: ends a break with a reason, or with a posting that two operators agree on."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import msgspec

from payments.breaks.refusals import BREAK_NOT_FOUND, BREAK_RESOLVED
from payments.breaks.tables import Break, BreakState
from payments.kernel.clock import rfc3339
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.chart import AccountSpec, Kind
from payments.ledger.posting import Leg, move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import (
    APPROVER_IS_PROPOSER,
    NOTHING_PROPOSED,
    OTHER_RESOLUTION_PROPOSED,
    SAME_ACCOUNT,
    OtherProposal,
)
from payments.wallets.refusals import PAYER_REFUSALS, payer, usable

HOUSES: Final[Mapping[str, Kind]] = {
    "clearing": Kind.SUPERPAY_CLEARING,
    "suspense": Kind.SUSPENSE,
    "breaks": Kind.SUPERPAY_BREAKS,
}
"""House accounts a resolution may post to, by their names in the API."""


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Source or destination of a posting: a wallet, or a house account by name."""

    wallet_id: int | None = None
    house: str = ""

    def account(self, currency: str) -> AccountId | AccountSpec:
        if self.wallet_id is not None:
            return chart.wallet(self.wallet_id)
        return chart.house(HOUSES[self.house], currency)

    def account_id(self, currency: str) -> AccountId:
        account = self.account(currency)
        return account.id if isinstance(account, AccountSpec) else account


PLACE_PATTERN: Final = r"^(wallet:[1-9][0-9]{0,15}|clearing|suspense|breaks)\Z"
"""How a place is written: `wallet:17`, `clearing`, `suspense` or `breaks`."""


def place_of(name: str) -> Place:
    """The place of a name that fits `PLACE_PATTERN`."""
    return Place(house=name) if name in HOUSES else Place(wallet_id=int(name.partition(":")[2]))


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger operation that corrects a difference."""

    source: Place
    destination: Place
    minor: int
    currency: str


class ResolveBreak(Intent, frozen=True):
    """Without a posting one operator suffices; with one, a second operator must send the same
    posting. `rejects`: it takes the proposal of this posting back instead, whoever sends it.
    """

    added: ClassVar[tuple[str, ...]] = ("rejects",)

    break_id: UUID
    reason: str
    posting: Posting | None = None
    rejects: bool = False


def accounts(intent: ResolveBreak, _state: State) -> Iterable[AccountId | AccountSpec]:
    """Both sides of the posting."""
    if intent.posting is None:
        return ()
    currency = intent.posting.currency
    return intent.posting.source.account(currency), intent.posting.destination.account(currency)


class BreakResolved(Result, frozen=True, kw_only=True):
    """`resolution_status`: proposed (a second operator must send the same posting), done, or
    rejected.
    """

    break_id: str
    resolution_status: Annotated[str, one_of(("proposed", "done", "rejected"))]
    break_state: Annotated[str, one_of(BreakState)]
    proposal: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET
    resolution: Mapping[str, Any] | msgspec.UnsetType = msgspec.UNSET


def decide(intent: ResolveBreak, state: State, context: Context) -> Outcome:
    """A break is resolved once; a posting needs two operators."""
    break_ = state.record(Break, intent.break_id)
    if break_ is None:
        return Refused(refusal=BREAK_NOT_FOUND)
    if break_.state is BreakState.RESOLVED:
        return Refused(refusal=BREAK_RESOLVED)
    if intent.rejects:
        return _reject(break_, intent.posting)
    if intent.posting is None:
        return _resolved(break_, {"resolution": "reason", "reason": intent.reason}, (), context)
    return _unpostable(intent.posting, state) or _post(break_, intent.posting, intent, context)


def _reject(break_: Break, posting: Posting | None) -> Outcome:
    if break_.proposal is None:
        return Refused(refusal=NOTHING_PROPOSED)
    if posting is None or break_.proposal["ledger"] != _described(posting):
        other = OtherProposal(proposal=break_.proposal)
        return Refused(refusal=OTHER_RESOLUTION_PROPOSED, result=other)
    result = BreakResolved(
        break_id=str(break_.id),
        resolution_status="rejected",
        break_state=break_.state.value,
        proposal=break_.proposal,
    )
    return Applied(puts=(break_.changed(proposal=None),), result=result)


def _post(break_: Break, posting: Posting, intent: ResolveBreak, context: Context) -> Outcome:
    """The first call proposes; the second, by another person with the same posting, executes it."""
    ledger = _described(posting)
    is_other = break_.proposal is None or break_.proposal["ledger"] != ledger
    is_same_person = break_.proposal is None or break_.proposal["proposed_by"] == context.actor
    if break_.proposal is None or (is_other and is_same_person):
        return _proposed(
            break_, ledger, intent, context
        )  # a proposer may change their own proposal
    if is_same_person:
        return Refused(refusal=APPROVER_IS_PROPOSER)
    if is_other:
        return Refused(
            refusal=OTHER_RESOLUTION_PROPOSED, result=OtherProposal(proposal=break_.proposal)
        )
    legs = move(
        posting.source.account_id(posting.currency),
        posting.destination.account_id(posting.currency),
        posting.minor,
    )
    resolution = {
        "resolution": "ledger",
        "ledger": ledger,
        "reason": break_.proposal["reason"],
        "proposed_by": break_.proposal["proposed_by"],
        "approval_reason": intent.reason,
    }
    return _resolved(break_, resolution, legs, context)


def _unpostable(posting: Posting, state: State) -> Refused | None:
    if posting.source == posting.destination:
        return Refused(refusal=SAME_ACCOUNT)
    if posting.source.wallet_id is not None:
        account = payer(
            state, chart.wallet(posting.source.wallet_id), posting.currency, posting.minor
        )
        if isinstance(account, Refused):
            return account
    if posting.destination.wallet_id is not None:
        wallet = usable(state, chart.wallet(posting.destination.wallet_id), posting.currency)
        if isinstance(wallet, Refused):
            return wallet
    return None


def _described(posting: Posting) -> dict[str, Any]:
    return {
        "from": _name(posting.source),
        "to": _name(posting.destination),
        "amount": format_minor(posting.minor, currency_of(posting.currency)),
        "currency": posting.currency,
    }


def _name(place: Place) -> str:
    return place.house if place.wallet_id is None else f"wallet:{place.wallet_id}"


def _proposed(
    break_: Break, ledger: Mapping[str, Any], intent: ResolveBreak, context: Context
) -> Outcome:
    proposal = {
        "ledger": ledger,
        "reason": intent.reason,
        "proposed_by": context.actor,
        "proposed_at": rfc3339(context.now),
    }
    return Applied(
        puts=(break_.changed(proposal=proposal),),
        result=BreakResolved(
            break_id=str(break_.id),
            resolution_status="proposed",
            break_state=break_.state.value,
            proposal=proposal,
        ),
    )


def _resolved(
    break_: Break, resolution: Mapping[str, Any], legs: tuple[Leg, ...], context: Context
) -> Outcome:
    ended = break_.changed(
        state=BreakState.RESOLVED,
        resolution=resolution,
        resolved_by=context.actor,
        resolution_id=context.operation_id,
        resolved_at=context.now,
        proposal=None,
    )
    return Applied(
        legs=legs,
        puts=(ended,),
        result=BreakResolved(
            break_id=str(break_.id),
            resolution_status="done",
            break_state=ended.state.value,
            resolution=resolution,
        ),
    )


OPERATION = Operation(
    kind="break.resolve",
    intent=ResolveBreak,
    result=BreakResolved,
    partition_key=lambda intent: str(intent.break_id),
    refs=lambda intent: (Ref(Break, intent.break_id),),
    accounts=accounts,
    decide=decide,
    refusals=(
        BREAK_NOT_FOUND,
        BREAK_RESOLVED,
        SAME_ACCOUNT,
        *PAYER_REFUSALS,
        APPROVER_IS_PROPOSER,
        OTHER_RESOLUTION_PROPOSED,
        NOTHING_PROPOSED,
    ),
)
