"""hold.release: let held money go, because its owner says so or because its time is over."""

from collections.abc import Iterable
from uuid import UUID

from payments.holds.refusals import HOLD_CLOSED, HOLD_NOT_EXPIRED, HOLD_NOT_FOUND
from payments.holds.rules import ended, is_over, released
from payments.holds.tables import Hold
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref


class ReleaseHold(Intent, frozen=True, kw_only=True):
    """Release the rest of a hold; `because_expired`: the sweep, which may only end what is over."""

    hold_id: UUID
    because_expired: bool = False


def accounts(intent: ReleaseHold, state: State) -> Iterable[AccountId]:
    """The wallet that is held."""
    hold = state.record(Hold, intent.hold_id)
    return () if hold is None else (chart.wallet(hold.wallet_id),)


class HoldReleased(Result, frozen=True, kw_only=True):
    """What went back."""

    hold_id: str
    released: str
    currency: str


def decide(intent: ReleaseHold, state: State, context: Context) -> Outcome:
    """Once only; what is over is the sweep's. A frozen wallet may get its own money back."""
    hold = state.record(Hold, intent.hold_id)
    if hold is None or hold.purpose != "hold":
        return Refused(refusal=HOLD_NOT_FOUND)
    over = is_over(hold, context.submitted_at)
    if hold.closed_at is not None or (over and not intent.because_expired):
        return Refused(refusal=HOLD_CLOSED)
    if intent.because_expired and not over:
        return Refused(refusal=HOLD_NOT_EXPIRED)
    after, reserve = ended(hold) if over else released(hold, context.now)
    return Applied(
        reserves=(reserve,),
        puts=(after,),
        result=HoldReleased(
            hold_id=str(hold.id),
            released=format_minor(hold.left, currency_of(hold.currency)),
            currency=hold.currency,
        ),
    )


OPERATION = Operation(
    kind="hold.release",
    intent=ReleaseHold,
    result=HoldReleased,
    partition_key=lambda intent: str(intent.hold_id),
    refs=lambda intent: (Ref(Hold, intent.hold_id),),
    accounts=accounts,
    decide=decide,
    refusals=(HOLD_NOT_FOUND, HOLD_CLOSED, HOLD_NOT_EXPIRED),
)
