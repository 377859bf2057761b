"""Payouts and deposits that a line's reference names: to the minor unit, or with a break."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from payments.bankpayments.receive import PROVIDER
from payments.breaks.follow import followed
from payments.breaks.tables import Break, BreakKind, break_id, new_break
from payments.deposits.tables import Deposit
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import Kind, house
from payments.operations.operation import Context, State
from payments.operations.record import Ref
from payments.payouts.tables import Payout
from payments.statements.counterpart import Booking, BookLine
from payments.statements.line import LineKind
from payments.statements.status import LineState
from payments.statements.tables import Claim, StatementLine


class Ours(msgspec.Struct, frozen=True):
    """A payout (below zero) or a paid deposit."""

    id: UUID
    minor: int
    currency: str


def named_refs(intent: BookLine) -> Iterable[Ref]:
    """What the reference names, and what has met it already."""
    for type_, id_ in ((Payout, intent.payout_id), (Deposit, intent.deposit_id)):
        if id_ is not None:
            yield Ref(type_, id_)
            yield Ref(StatementLine, id_, "subject_id")
            yield Ref(Claim, id_)
            yield Ref(Break, break_id(PROVIDER, BreakKind.AMOUNT_MISMATCH, str(id_)))


def named(intent: BookLine, state: State, context: Context) -> Booking | None:
    """What the reference names, once. Another amount is a break of the difference."""
    ours = None if intent.kind is LineKind.FEE else _ours(intent, state)
    if ours is None or ours.currency != intent.currency or _is_met(ours, state):
        return None
    clearing = house(Kind.SUPERPAY_CLEARING, intent.currency).id
    if ours.minor == intent.minor:
        return Booking(state=LineState.MATCHED, counter=clearing, subject_id=ours.id)
    return Booking(
        state=LineState.THEIRS_ONLY,
        counter=clearing,
        subject_id=ours.id,
        puts=_difference(ours, intent, state, context),
    )


def _ours(intent: BookLine, state: State) -> Ours | None:
    if intent.payout_id is not None:
        payout = state.record(Payout, intent.payout_id)
        return None if payout is None else Ours(payout.id, -payout.minor, payout.currency)
    deposit = None if intent.deposit_id is None else state.record(Deposit, intent.deposit_id)
    if deposit is None or deposit.paid_minor is None or deposit.paid_currency is None:
        return None
    return Ours(deposit.id, deposit.paid_minor, deposit.paid_currency)


def _is_met(ours: Ours, state: State) -> bool:
    line = state.record(StatementLine, ours.id, by="subject_id")
    return line is not None or state.record(Claim, ours.id) is not None


def _difference(ours: Ours, intent: BookLine, state: State, context: Context) -> tuple[Break, ...]:
    currency = currency_of(intent.currency)
    amounts = {"ours": ours.minor, "theirs": intent.minor}
    seen = new_break(
        PROVIDER,
        BreakKind.AMOUNT_MISMATCH,
        str(ours.id),
        merchant_id=None,
        subject_id=ours.id,
        at_risk=(abs(ours.minor - intent.minor), intent.currency),
        details={
            **{
                side: {"amount": format_minor(minor, currency), "currency": intent.currency}
                for side, minor in amounts.items()
            },
            "line_id": str(intent.line_id),
        },
        found_by="statement",
        now=context.now,
    )
    row = followed(state.record(Break, seen.id), seen)
    return () if row is None else (row,)
