"""deposit.observe: money that evidence shows to have arrived is credited, or
put in suspense, once.
"""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from payments.breaks.follow import followed
from payments.breaks.tables import Break, BreakKind, new_break
from payments.callbacks.tables import Callback
from payments.deposits.classify import Classified, break_ids, classify, is_worth_asking
from payments.deposits.refusals import DEPOSIT_NOT_FOUND
from payments.deposits.request import query_effect
from payments.deposits.status import DepositState
from payments.deposits.tables import Deposit, DepositEvidence
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.chart import AccountSpec, Kind
from payments.ledger.posting import Leg, move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.provider.sighting import Sighting, Source
from payments.provider.tables import SUPERPAY
from payments.wallets.refusals import usable


class ObserveDeposit(Intent, frozen=True):
    """What the provider shows, or (without a `sighting`) the `code` of why it showed nothing.

    `is_refused`: the provider rejected it permanently. `seen_version`: for the answer to a query,
    the version we knew when we asked.
    """

    added: ClassVar[tuple[str, ...]] = ("seen_version",)

    deposit_id: UUID
    source: Source
    sighting: Sighting | None = None
    code: str = ""
    is_refused: bool = False
    callback_id: UUID | None = None
    seen_version: int = 0


def needed(intent: ObserveDeposit) -> Iterable[Ref]:
    """The deposit, the callback, and the breaks this evidence might open."""
    yield Ref(Deposit, intent.deposit_id)
    if intent.callback_id is not None:
        yield Ref(Callback, intent.callback_id)
    for id_ in break_ids(intent.deposit_id):
        yield Ref(Break, id_)


def accounts(intent: ObserveDeposit, state: State) -> Iterable[AccountId | AccountSpec]:
    """The wallet; plus clearing and suspense accounts when money arrived."""
    deposit = state.record(Deposit, intent.deposit_id)
    if deposit is None:
        return
    yield chart.wallet(deposit.wallet_id)
    if intent.sighting is not None and intent.sighting.paid_currency:
        yield chart.house(Kind.SUPERPAY_CLEARING, intent.sighting.paid_currency)
        yield chart.house(Kind.SUSPENSE, intent.sighting.paid_currency)


class DepositObserved(Result, frozen=True, kw_only=True):
    """Where the deposit stands after the evidence."""

    deposit_id: str
    deposit_status: str
    verdict: str


def decide(intent: ObserveDeposit, state: State, context: Context) -> Outcome:
    """Classify the evidence, book what arrived, store the evidence."""
    deposit = state.record(Deposit, intent.deposit_id)
    if deposit is None:
        return Refused(refusal=DEPOSIT_NOT_FOUND)
    classified = _classified(deposit, intent, state)
    moved = _moved(deposit, intent, classified, context)
    evidence = _evidence(deposit, moved, intent, classified, context)
    callback = None if intent.callback_id is None else state.record(Callback, intent.callback_id)
    rows = (
        moved,
        evidence,
        _break(deposit, evidence, classified, intent.sighting, state),
        None if callback is None else callback.done(classified.verdict, context.now),
    )
    return Applied(
        legs=_legs(deposit, classified),
        puts=tuple(row for row in rows if row is not None),
        effects=(query_effect(deposit),) if _is_worth_asking(deposit, intent, classified) else (),
        result=DepositObserved(
            deposit_id=str(deposit.id),
            deposit_status=moved.state.value,
            verdict=classified.verdict,
        ),
    )


def _classified(deposit: Deposit, intent: ObserveDeposit, state: State) -> Classified:
    if intent.sighting is None:
        return _unseen(deposit, intent)
    wallet = usable(state, chart.wallet(deposit.wallet_id), deposit.currency)
    is_open = not isinstance(wallet, Refused)
    seen_version = intent.seen_version
    classified = classify(
        deposit, intent.sighting, is_wallet_open=is_open, seen_version=seen_version
    )
    if isinstance(wallet, Refused) and classified.state is DepositState.IN_SUSPENSE:
        return msgspec.structs.replace(classified, reason=wallet.refusal.code)
    return classified


def _is_worth_asking(deposit: Deposit, intent: ObserveDeposit, classified: Classified) -> bool:
    if intent.source is not Source.CALLBACK or intent.sighting is None:
        return False
    return classified.verdict == "stale" and is_worth_asking(deposit, intent.sighting)


def _unseen(deposit: Deposit, intent: ObserveDeposit) -> Classified:
    if intent.is_refused and deposit.state is DepositState.CREATED:
        return Classified(verdict="applied", state=DepositState.FAILED, reason=intent.code)
    return Classified(verdict="inconclusive", state=deposit.state, reason=deposit.reason)


def _legs(deposit: Deposit, classified: Classified) -> tuple[Leg, ...]:
    if classified.arrived is None:
        return ()
    minor, currency = classified.arrived
    to = (
        chart.house(Kind.SUSPENSE, currency).id
        if classified.is_suspended
        else chart.wallet(deposit.wallet_id)
    )
    return move(chart.house(Kind.SUPERPAY_CLEARING, currency).id, to, minor)


def _moved(
    deposit: Deposit, intent: ObserveDeposit, classified: Classified, context: Context
) -> Deposit:
    changes: dict[str, Any] = {}
    sighting = intent.sighting
    if sighting is not None and classified.verdict in {"applied", "confirmed"}:
        changes = {
            "provider_id": sighting.transaction_id,
            "provider_version": max(sighting.version, deposit.provider_version),
            "redirect_url": deposit.redirect_url or sighting.redirect_url or None,
            "expires_at": deposit.expires_at or sighting.expires_at,
        }
    if classified.arrived is not None:
        changes |= {"paid_minor": classified.arrived[0], "paid_currency": classified.arrived[1]}
    if classified.state is not deposit.state:
        changes |= {"checks": 0, "checked_at": context.now, "reason": classified.reason}
    return deposit.changed(
        state=classified.state, version=deposit.version + 1, updated_at=context.now, **changes
    )


def _evidence(
    before: Deposit,
    after: Deposit,
    intent: ObserveDeposit,
    classified: Classified,
    context: Context,
) -> DepositEvidence:
    return DepositEvidence(
        id=context.operation_id,
        deposit_id=before.id,
        number=after.version,
        source=intent.source,
        verdict=classified.verdict,
        state_before=before.state,
        state_after=after.state,
        details=_details(intent),
        callback_id=intent.callback_id,
        actor=context.actor,
        recorded_at=context.now,
    )


def _details(intent: ObserveDeposit) -> dict[str, Any]:
    sighting = intent.sighting
    if sighting is None:
        return {"code": intent.code}
    details: dict[str, Any] = {
        "status": sighting.status,
        "transaction_id": sighting.transaction_id,
        "version": sighting.version,
        "amount": format_minor(sighting.minor, currency_of(sighting.currency)),
        "currency": sighting.currency,
    }
    if sighting.paid_minor is not None:
        paid = format_minor(sighting.paid_minor, currency_of(sighting.paid_currency))
        details |= {
            "paid_amount": paid,
            "paid_currency": sighting.paid_currency,
            "paid_late": sighting.is_late,
        }
    return details


def _break(
    deposit: Deposit,
    evidence: DepositEvidence,
    classified: Classified,
    sighting: Sighting | None,
    state: State,
) -> Break | None:
    kind = classified.break_kind
    if kind is None:
        return None
    opened = new_break(
        SUPERPAY,
        kind,
        str(deposit.id),
        merchant_id=deposit.merchant_id,
        subject_id=deposit.id,
        at_risk=_at_risk(deposit, kind, sighting),
        details={
            "ours": {
                "status": deposit.state.value,
                "amount": format_minor(deposit.minor, currency_of(deposit.currency)),
                "currency": deposit.currency,
            },
            "theirs": evidence.details,
        },
        found_by=f"evidence:{evidence.source.value}:{evidence.id}",
        now=evidence.recorded_at,
    )
    return followed(state.record(Break, opened.id), opened)


def _at_risk(deposit: Deposit, kind: BreakKind, sighting: Sighting | None) -> tuple[int, str]:
    """What arrived, if anything did; otherwise what was asked for."""
    if sighting is None or sighting.paid_minor is None:
        if deposit.paid_minor is not None and deposit.paid_currency is not None:
            return deposit.paid_minor, deposit.paid_currency
        return deposit.minor, deposit.currency
    if kind is BreakKind.AMOUNT_MISMATCH and deposit.paid_minor is not None:
        return abs(sighting.paid_minor - deposit.paid_minor), deposit.currency
    return sighting.paid_minor, sighting.paid_currency


OPERATION = Operation(
    kind="deposit.observe",
    intent=ObserveDeposit,
    result=DepositObserved,
    partition_key=lambda intent: str(intent.deposit_id),
    refs=needed,
    accounts=accounts,
    decide=decide,
    refusals=(DEPOSIT_NOT_FOUND,),
)
