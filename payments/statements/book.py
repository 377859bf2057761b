"""statement_line.book: a line of a statement is booked once, against what it meets."""

from collections import Counter
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from payments.accounts.tables import HouseAccount
from payments.bankpayments.meeting import (
    at_meeting,
    free_meeting,
    payer_of,
    places_of,
)
from payments.bankpayments.receive import PROVIDER, arrival
from payments.bankpayments.receive import refs as payment_refs
from payments.bankpayments.suspense import explained_refs
from payments.bankpayments.tables import (
    CURRENCY,
    BankPayment,
    Organization,
    PaymentStatus,
    bank_account,
    suspense_account,
)
from payments.breaks.tables import Break, BreakKind, break_id
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec, Kind, house
from payments.ledger.posting import Leg
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.statements.counterpart import (
    BookLine,
    earlier_of,
    fee,
    fees_account,
    fees_named,
    met,
    missing,
    reversal,
    unexplained,
)
from payments.statements.line import LineKind
from payments.statements.named import named, named_refs
from payments.statements.refusals import LINE_BOOKED, LINE_NOT_FOUND
from payments.statements.status import LineState
from payments.statements.tables import StatementLine, unexplained_account


class LineBooked(Result, frozen=True, kw_only=True):
    """`line_state`: matched, theirs_only or fee. `subject_id`: the payment or payout it meets."""

    line_id: str
    line_state: str
    subject_id: str | None
    amount: str
    currency: str
    description: str


def refs(intent: BookLine) -> Iterable[Ref]:
    """The line, and whatever it may meet."""
    yield Ref(StatementLine, intent.line_id)
    yield Ref(Break, break_id(PROVIDER, BreakKind.MISSING_IN_LEDGER, str(intent.line_id)))
    if intent.is_payment_in:
        yield from payment_refs(intent.inn, intent.meeting)
        for place in places_of(intent.meeting):
            yield Ref(Break, break_id(PROVIDER, BreakKind.MISSING_AT_BANK, place))
    if intent.kind is LineKind.FEE or intent.fee_minor:
        yield Ref(HouseAccount, intent.fees.id)
    if intent.reverses is not None:
        yield Ref(StatementLine, intent.reverses)
        yield Ref(BankPayment, intent.reverses, "line_id")
        yield from explained_refs(intent.reverses)
    if intent.owner_id is not None:
        yield Ref(Organization, intent.owner_id)
    yield from named_refs(intent)


def accounts(intent: BookLine, state: State) -> Iterable[AccountId | AccountSpec]:
    """Every account it may touch; which of them is decided later."""
    yield intent.ledger
    yield unexplained_account(intent.currency)
    yield house(Kind.SUSPENSE, intent.currency)
    if intent.kind is LineKind.FEE or intent.fee_minor:
        yield intent.fees
    if intent.payout_id is not None or intent.deposit_id is not None:
        yield house(Kind.SUPERPAY_CLEARING, intent.currency)
    if intent.is_payment_in:
        yield bank_account()
        organization = state.record(Organization, intent.inn, by="inn")
        if organization is not None:
            yield organization.account
    owner = None if intent.owner_id is None else state.record(Organization, intent.owner_id)
    if intent.reverses is not None:
        yield bank_account()
    if owner is not None:
        yield owner.account
    earlier = earlier_of(intent, state)
    if earlier is not None and earlier.counter_id is not None:
        yield AccountId(earlier.counter_id)


def decide(intent: BookLine, state: State, context: Context) -> Outcome:
    """Once; what only the bank has is booked too, and is a break until somebody explains it."""
    line = state.record(StatementLine, intent.line_id)
    if line is None:
        return Refused(refusal=LINE_NOT_FOUND)
    if line.state is not LineState.NEW:
        return Refused(refusal=LINE_BOOKED)
    booking = (
        reversal(intent, line, state, context)
        or fee(intent, state, context)
        or named(intent, state, context)
        or met(intent, line, state, context)
    )
    if booking is None and intent.is_payment_in:
        return _own_payment(intent, line, state, context)
    booking = booking or unexplained(intent, line, state, context)
    booked = line.changed(
        state=booking.state,
        counter_id=booking.counter,
        subject_id=booking.subject_id,
        operation_id=context.operation_id,
    )
    kept_back = fees_named(intent, state, context) if intent.fee_minor else ()
    rows = {(type(row), row.key()): row for row in (*booking.puts, *kept_back)}
    return Applied(
        legs=_legs(intent, booking.counter, fees_account(intent, state)),
        puts=(booked, *rows.values()),
        result=_result(intent, booking.state, booking.subject_id),
        about=_about(intent),
    )


def _legs(intent: BookLine, counter: AccountId, fees: AccountId) -> tuple[Leg, ...]:
    """The account at the bank has what is left when the fee is kept back."""
    sums = Counter({intent.ledger.id: intent.fee_minor - intent.minor})
    sums[counter] += intent.minor
    sums[fees] -= intent.fee_minor
    legs = (Leg(account, minor) for account, minor in sums.items() if minor)
    return tuple(sorted(legs, key=lambda leg: leg.minor))


def _own_payment(intent: BookLine, line: StatementLine, state: State, context: Context) -> Applied:
    """No webhook told of it: a bank payment under the line's own id."""
    present = at_meeting(intent.meeting, state)
    payment = BankPayment(
        id=intent.line_id,
        operation_id=context.operation_id,
        payer_inn=intent.inn,
        organization_id=None,
        minor=intent.minor,
        currency=CURRENCY,
        document_number=intent.document_number,
        document_date=intent.document_date,
        status=PaymentStatus.UNMATCHED,
        received_at=context.now,
        matched_at=None,
        meeting=free_meeting(intent.meeting, len(present)),
        line_id=intent.line_id,
        payer=line.counterparty,
        purpose=line.purpose,
    )
    applied = arrival(payment, intent.ledger.id, state, context)
    counter = applied.legs[1].account_id
    booked = line.changed(
        state=LineState.THEIRS_ONLY,
        counter_id=counter,
        subject_id=intent.line_id,
        operation_id=context.operation_id,
    )
    is_nobodys = counter == suspense_account().id
    breaks = missing(intent, line, state, context) if is_nobodys else ()
    return Applied(
        legs=applied.legs,
        puts=(*applied.puts, booked, *breaks),
        result=_result(intent, LineState.THEIRS_ONLY, intent.line_id),
        about=_about(intent),
    )


def _result(intent: BookLine, state: LineState, subject_id: UUID | None) -> LineBooked:
    return LineBooked(
        line_id=str(intent.line_id),
        line_state=state.value,
        subject_id=None if subject_id is None else str(subject_id),
        amount=format_minor(intent.minor, currency_of(intent.currency)),
        currency=intent.currency,
        description=intent.description,
    )


def _about(intent: BookLine) -> About:
    return About(reference=intent.document_number[:128] or None, description=intent.description)


def partition_of(intent: BookLine) -> str:
    """A payment in the partition of its payer's webhooks, so that each sees what the other did."""
    if intent.is_payment_in:
        return f"inn:{payer_of(intent.inn)}"
    return f"statement:{intent.account_number}"


OPERATION: Final = Operation(
    kind="statement_line.book",
    intent=BookLine,
    result=LineBooked,
    partition_key=partition_of,
    refs=refs,
    accounts=accounts,
    decide=decide,
    refusals=(LINE_NOT_FOUND, LINE_BOOKED),
)
