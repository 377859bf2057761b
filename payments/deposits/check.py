"""deposit.check: a due deposit asks for its page again or queries its status;
expiry is recorded.
"""

from datetime import timedelta
from typing import ClassVar, Final
from uuid import UUID

from payments.deposits.refusals import DEPOSIT_NOT_FOUND, DEPOSIT_NOT_WATCHED
from payments.deposits.request import create_effect, query_effect
from payments.deposits.status import OPEN, DepositState
from payments.deposits.tables import Deposit, DepositEvidence
from payments.operations.envelope import Intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Effect, Outcome, Refused, Result
from payments.operations.record import Record, Ref
from payments.provider.sighting import Source

EXPIRY_GRACE_S: Final = 300
"""The provider reports expiry itself; if it has not after this long, we record it."""


class CheckDeposit(Intent, frozen=True):
    """A deposit whose next check is due; `checks` is the count the scheduler saw.

    `is_extra`: an unverified callback asked for this check; it queries once and leaves the schedule
    unchanged.
    """

    added: ClassVar[tuple[str, ...]] = ("is_extra",)

    deposit_id: UUID
    checks: int
    is_extra: bool = False


class DepositChecked(Result, frozen=True, kw_only=True):
    """The deposit's state when it was checked."""

    deposit_id: str
    deposit_status: str


def decide(intent: CheckDeposit, state: State, context: Context) -> Outcome:
    """No page yet: request it again (idempotent by merchant id). Otherwise query the status."""
    deposit = state.record(Deposit, intent.deposit_id)
    if deposit is None:
        return Refused(refusal=DEPOSIT_NOT_FOUND)
    if intent.is_extra:
        return _outcome(deposit, (), query_effect(deposit))
    if deposit.state not in OPEN or deposit.checks != intent.checks:
        return Refused(refusal=DEPOSIT_NOT_WATCHED)
    checked = deposit.changed(
        checks=deposit.checks + 1, checked_at=context.now, updated_at=context.now
    )
    puts: tuple[Record, ...] = (checked,)
    if deposit.state is DepositState.CREATED:
        return _outcome(deposit, puts, create_effect(deposit))
    if _is_over(deposit, context):
        puts = _expired(checked, context)
    return _outcome(deposit, puts, query_effect(deposit))


def _outcome(deposit: Deposit, puts: tuple[Record, ...], effect: Effect) -> Applied:
    result = DepositChecked(deposit_id=str(deposit.id), deposit_status=deposit.state.value)
    return Applied(puts=puts, effects=(effect,), result=result)


def _is_over(deposit: Deposit, context: Context) -> bool:
    if deposit.state is not DepositState.PENDING or deposit.expires_at is None:
        return False
    return context.submitted_at - deposit.expires_at > timedelta(seconds=EXPIRY_GRACE_S)


def _expired(deposit: Deposit, context: Context) -> tuple[Record, ...]:
    expired = deposit.changed(state=DepositState.EXPIRED, version=deposit.version + 1)
    evidence = DepositEvidence(
        id=context.operation_id,
        deposit_id=deposit.id,
        number=expired.version,
        source=Source.US,
        verdict="applied",
        state_before=deposit.state,
        state_after=expired.state,
        details={"note": "nobody paid in time; a later payment is credited all the same"},
        callback_id=None,
        actor=context.actor,
        recorded_at=context.now,
    )
    return expired, evidence


OPERATION = Operation(
    kind="deposit.check",
    intent=CheckDeposit,
    result=DepositChecked,
    partition_key=lambda intent: str(intent.deposit_id),
    refs=lambda intent: (Ref(Deposit, intent.deposit_id),),
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=decide,
    refusals=(DEPOSIT_NOT_FOUND, DEPOSIT_NOT_WATCHED),
)
