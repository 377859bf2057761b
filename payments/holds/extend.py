"""hold.extend: a hold ends later, or earlier, counted from now."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from payments.holds.refusals import HOLD_CLOSED, HOLD_NOT_FOUND
from payments.holds.rules import is_over
from payments.holds.tables import Hold
from payments.kernel.clock import rfc3339
from payments.kernel.ids import AccountId
from payments.ledger import chart
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref


class ExtendHold(Intent, frozen=True, kw_only=True):
    """Let a hold end so many seconds after this was accepted."""

    hold_id: UUID
    expires_in_s: int


class HoldExtended(Result, frozen=True, kw_only=True):
    """When it ends now."""

    hold_id: str
    expires_at: str


def accounts(intent: ExtendHold, state: State) -> Iterable[AccountId]:
    """The wallet that is held: its holds are judged one after the other."""
    hold = state.record(Hold, intent.hold_id)
    return () if hold is None else (chart.wallet(hold.wallet_id),)


def decide(intent: ExtendHold, state: State, context: Context) -> Outcome:
    """Only while it is open: what is over may have been spent."""
    hold = state.record(Hold, intent.hold_id)
    if hold is None or hold.purpose != "hold":
        return Refused(refusal=HOLD_NOT_FOUND)
    if hold.closed_at is not None or is_over(hold, context.submitted_at):
        return Refused(refusal=HOLD_CLOSED)
    expires_at = context.submitted_at + timedelta(seconds=intent.expires_in_s)
    return Applied(
        puts=(hold.changed(expires_at=expires_at),),
        result=HoldExtended(hold_id=str(hold.id), expires_at=rfc3339(expires_at)),
    )


OPERATION = Operation(
    kind="hold.extend",
    intent=ExtendHold,
    result=HoldExtended,
    partition_key=lambda intent: str(intent.hold_id),
    refs=lambda intent: (Ref(Hold, intent.hold_id),),
    accounts=accounts,
    decide=decide,
    refusals=(HOLD_NOT_FOUND, HOLD_CLOSED),
)
