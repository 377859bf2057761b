"""hold.capture: take held money to another wallet, in parts up to the whole."""

from collections.abc import Iterable
from uuid import UUID

from payments.holds.refusals import EXCEEDS_HOLD, HOLD_CLOSED, HOLD_NOT_FOUND
from payments.holds.rules import captured, is_over
from payments.holds.tables import Hold
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.wallets.refusals import SAME_WALLET, USABLE_REFUSALS, usable


class CaptureHold(Intent, frozen=True, kw_only=True):
    """Move `minor` of a hold (None: all that is left) to a wallet; `is_final` frees the rest."""

    hold_id: UUID
    destination_wallet_id: int
    minor: int | None = None
    is_final: bool = False


def accounts(intent: CaptureHold, state: State) -> Iterable[AccountId]:
    """The wallet that is held and the one that receives."""
    hold = state.record(Hold, intent.hold_id)
    if hold is None:
        return (chart.wallet(intent.destination_wallet_id),)
    return chart.wallet(hold.wallet_id), chart.wallet(intent.destination_wallet_id)


class HoldCaptured(Result, frozen=True, kw_only=True):
    """Sums of the hold so far, and the wallets between which the money went."""

    hold_id: str
    wallet_id: int
    destination_wallet_id: int
    captured: str
    remaining: str
    released: str
    currency: str


def decide(intent: CaptureHold, state: State, context: Context) -> Outcome:
    """The hold is open and covers the amount; an expired one is closed before its sweep."""
    hold = _open_hold(intent, state, context)
    if isinstance(hold, Refused):
        return hold
    if intent.destination_wallet_id == hold.wallet_id:
        return Refused(refusal=SAME_WALLET)
    source = usable(state, chart.wallet(hold.wallet_id), hold.currency, is_payer=True)
    if isinstance(source, Refused):
        return source
    destination = usable(state, chart.wallet(intent.destination_wallet_id), hold.currency)
    if isinstance(destination, Refused):
        return destination
    minor = hold.left if intent.minor is None else intent.minor
    if minor > hold.left:
        return Refused(refusal=EXCEEDS_HOLD)
    after, reserve = captured(hold, minor, context.now, is_final=intent.is_final)
    currency = currency_of(hold.currency)
    return Applied(
        legs=move(source.id, destination.id, minor),
        reserves=(reserve,),
        puts=(after,),
        result=HoldCaptured(
            hold_id=str(hold.id),
            wallet_id=hold.wallet_id,
            destination_wallet_id=intent.destination_wallet_id,
            captured=format_minor(after.captured_minor, currency),
            remaining=format_minor(after.left, currency),
            released=format_minor(after.released_minor, currency),
            currency=hold.currency,
        ),
    )


def _open_hold(intent: CaptureHold, state: State, context: Context) -> Hold | Refused:
    hold = state.record(Hold, intent.hold_id)
    if hold is None or hold.purpose != "hold":
        return Refused(refusal=HOLD_NOT_FOUND)
    if hold.closed_at is not None or is_over(hold, context.submitted_at):
        return Refused(refusal=HOLD_CLOSED)
    return hold


OPERATION = Operation(
    kind="hold.capture",
    intent=CaptureHold,
    result=HoldCaptured,
    partition_key=lambda intent: str(intent.hold_id),
    refs=lambda intent: (Ref(Hold, intent.hold_id),),
    accounts=accounts,
    decide=decide,
    refusals=(HOLD_NOT_FOUND, HOLD_CLOSED, SAME_WALLET, *USABLE_REFUSALS, EXCEEDS_HOLD),
)
