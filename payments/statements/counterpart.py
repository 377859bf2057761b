"""What a line of a statement is booked against: a payment, a payout, a fee, or nothing of ours."""

from datetime import datetime
from uuid import UUID

import msgspec

from payments.accounts.tables import HouseAccount
from payments.bankpayments.meeting import (
    at_meeting,
    awaits_line,
    meeting_of,
)
from payments.bankpayments.receive import PROVIDER, mismatch
from payments.bankpayments.returned import returned
from payments.bankpayments.suspense import explained
from payments.bankpayments.tables import (
    CURRENCY,
    BankPayment,
    PaymentStatus,
    bank_account,
)
from payments.breaks.follow import followed, gone
from payments.breaks.tables import Break, BreakKind, break_id, new_break
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec, Guard, Kind, house, named
from payments.operations.envelope import Intent
from payments.operations.operation import Context, State
from payments.operations.record import Record
from payments.statements.line import LineKind
from payments.statements.status import LineState
from payments.statements.tables import StatementLine, ledger_account, unexplained_account


class BookLine(Intent, frozen=True, kw_only=True):
    """Book a line. `account_number`: of our account at the bank; `provider`: whose fees they are.

    `payout_id`: the payout that the line's reference names. `reverses`: the line it takes back,
    and `owner_id` the organization that has its payment.
    `deposit_id`: the deposit that a settlement file's line names. `fee_minor`: what was kept back.
    `is_alone`: no other line of its statement has its payer, number and day. `is_settlement`: the
    account is one at a provider, where no bank payments come in.
    """

    line_id: UUID
    account_number: int
    provider: str
    currency: str
    minor: int
    kind: LineKind
    inn: str = ""
    document_number: str = ""
    document_date: datetime
    description: str = ""
    payout_id: UUID | None = None
    reverses: UUID | None = None
    owner_id: int | None = None
    deposit_id: UUID | None = None
    fee_minor: int = 0
    is_alone: bool = True
    is_settlement: bool = False

    @property
    def meeting(self) -> str:
        """Where it meets a webhook."""
        return meeting_of(self.inn, self.document_number, self.document_date)

    @property
    def is_payment_in(self) -> bool:
        """Whether it may be a bank payment: those are in roubles."""
        is_in = self.kind is LineKind.PAYMENT and self.minor > 0
        return is_in and self.currency == CURRENCY and not self.is_settlement

    @property
    def fees(self) -> AccountSpec:
        """Where fees of the provider go."""
        return named(f"fees:{self.provider}", self.currency, allow_negative=True)

    @property
    def ledger(self) -> AccountSpec:
        """Our account at the bank."""
        return ledger_account(self.account_number, self.currency)


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What a line is booked against."""

    state: LineState
    counter: AccountId
    subject_id: UUID | None = None
    puts: tuple[Record, ...] = ()


def earlier_of(intent: BookLine, state: State) -> StatementLine | None:
    return None if intent.reverses is None else state.record(StatementLine, intent.reverses)


def reversal(
    intent: BookLine, line: StatementLine, state: State, context: Context
) -> Booking | None:
    """The opposite of an earlier line: a returned payment is taken from whoever has it now.

    Anything else goes back to where the earlier line was booked.
    """
    earlier = earlier_of(intent, state)
    is_its_opposite = (
        earlier is not None
        and earlier.state is not LineState.NEW
        and earlier.reversed_by is None
        and earlier.minor == -intent.minor
        and earlier.counter_id is not None
    )
    if earlier is None or not is_its_opposite or earlier.counter_id is None:
        return None
    payment = state.record(BankPayment, earlier.id, by="line_id")
    if payment is None:
        back = Booking(state=LineState.MATCHED, counter=AccountId(earlier.counter_id))
    else:
        taken = _taken_back(payment, intent, state, context)
        if taken is None:
            return None
        back = taken
    ended = explained(earlier.id, "returned", state, context)
    puts = (*back.puts, *ended, earlier.changed(reversed_by=line.id))
    return msgspec.structs.replace(back, puts=puts)


def _taken_back(
    payment: BankPayment, intent: BookLine, state: State, context: Context
) -> Booking | None:
    """The payment that the bank returned, by this line or told by an operator before."""
    if payment.minor != -intent.minor or payment.organization_id != intent.owner_id:
        return None
    if payment.status is PaymentStatus.REVERSED:
        return Booking(state=LineState.MATCHED, counter=bank_account().id)
    reason = intent.description or "the statement shows its return"
    taken = returned(payment, reason, state, context)
    return Booking(state=LineState.MATCHED, counter=taken.source, puts=taken.puts)


def fee(intent: BookLine, state: State, context: Context) -> Booking | None:
    """A fee of its own, or a line that moved nothing but what was kept back of it."""
    if intent.kind is not LineKind.FEE and intent.minor:
        return None
    if fees_account(intent, state) != intent.fees.id:
        return None  # somebody opened it so that it cannot go below zero: a person looks at it
    puts = fees_named(intent, state, context)
    return Booking(state=LineState.FEE, counter=intent.fees.id, puts=puts)


def fees_account(intent: BookLine, state: State) -> AccountId:
    """Where fees go: what stands open when somebody guards the provider's own account."""
    account = state.account(intent.fees.id)
    is_guarded = account is not None and account.guard != Guard.NONE.value
    return unexplained_account(intent.currency).id if is_guarded else intent.fees.id


def fees_named(intent: BookLine, state: State, context: Context) -> tuple[HouseAccount, ...]:
    """The row of the account of fees, when this is the first fee of the provider."""
    if state.record(HouseAccount, intent.fees.id) is not None:
        return ()
    row = HouseAccount(
        id=intent.fees.id,
        name=f"fees:{intent.provider}",
        currency=intent.currency,
        allow_negative=True,
        created_by=context.actor,
        created_at=context.now,
    )
    return (row,)


def met(intent: BookLine, line: StatementLine, state: State, context: Context) -> Booking | None:
    """The webhook's payment, when it is told once and no other line has it."""
    if not intent.is_payment_in:
        return None
    present = at_meeting(intent.meeting, state)
    waiting = [one for one in present if awaits_line(one)]
    same = next((one for one in waiting if one.minor == intent.minor), None)
    is_other_amount = same is None and intent.is_alone and len(waiting) == len(present) == 1
    payment = waiting[0] if is_other_amount else same
    if payment is None:
        return None
    difference = (
        mismatch(intent.meeting, payment.minor, intent.minor, intent.line_id, state, context)
        if is_other_amount
        else ()
    )
    return Booking(
        state=LineState.THEIRS_ONLY if is_other_amount else LineState.MATCHED,
        counter=bank_account().id,
        subject_id=payment.id,
        puts=(
            payment.changed(line_id=intent.line_id, payer=line.counterparty, purpose=line.purpose),
            *difference,
            *_there_now(payment, state, context),
        ),
    )


def _there_now(payment: BankPayment, state: State, context: Context) -> tuple[Break, ...]:
    """A payment that an earlier statement lacked is there: its break ends."""
    lacking = break_id(PROVIDER, BreakKind.MISSING_AT_BANK, payment.meeting or "")
    existing = state.record(Break, lacking)
    if existing is None:
        return ()
    return (gone(existing, "timing", "a later statement has it", PROVIDER, context.now),)


def unexplained(intent: BookLine, line: StatementLine, state: State, context: Context) -> Booking:
    """Money that came waits in suspense; what went out stands open until it is explained."""
    counter = (
        house(Kind.SUSPENSE, intent.currency)
        if intent.minor > 0
        else unexplained_account(intent.currency)
    )
    return Booking(
        state=LineState.THEIRS_ONLY,
        counter=counter.id,
        puts=missing(intent, line, state, context),
    )


def missing(
    intent: BookLine, line: StatementLine, state: State, context: Context
) -> tuple[Break, ...]:
    """A movement that only the bank has, with all that says whose it may be."""
    found = new_break(
        PROVIDER,
        BreakKind.MISSING_IN_LEDGER,
        str(intent.line_id),
        merchant_id=None,
        subject_id=None,
        at_risk=(abs(intent.minor), intent.currency),
        details={
            "theirs": {
                "amount": format_minor(intent.minor, currency_of(intent.currency)),
                "currency": intent.currency,
                "inn": intent.inn,
                "payer" if intent.minor > 0 else "payee": line.counterparty,
                "number": intent.document_number,
                "purpose": intent.description,
            },
            "line_id": str(intent.line_id),
        },
        found_by="statement",
        now=context.now,
    )
    row = followed(state.record(Break, found.id), found)
    return () if row is None else (row,)
