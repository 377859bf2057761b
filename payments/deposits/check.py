"""deposit.check: a deposit is due; its page is asked for again, or what became of it.

Expiry is noted.
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
"""The provider says itself when a page has expired; this long after, we say it."""


class CheckDeposit(Intent, frozen=True):
    """A deposit whose next check is due; `checks` is the count the scheduler saw.

    `is_extra`: somebody hinted at news; asks once and leaves the schedule as it is.
    """

    added: ClassVar[tuple[str, ...]] = ("is_extra",)

    deposit_id: UUID
    checks: int
    is_extra: bool = False


class DepositChecked(Result, frozen=True, kw_only=True):
    """Where the deposit stood."""

    deposit_id: str
    deposit_status: str


def decide(intent: CheckDeposit, state: State, context: Context) -> Outcome:
    """Without a page: ask for it again, the provider knows the merchant id. Else.

    Ask how it stands.
    """
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
        details={"note": "nobody paid in time; who pays later is credited all the same"},
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
