"""statement.settle: lines of a bank pay settlement files, payouts or payments, to the kopeck."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from payments.bankpayments.receive import PROVIDER
from payments.bankpayments.suspense import explained, explained_refs
from payments.bankpayments.tables import BankPayment, PaymentStatus, bank_account
from payments.breaks.follow import gone
from payments.breaks.tables import Break, BreakKind, break_id
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec, Kind, house
from payments.ledger.posting import Leg
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import About, Applied, Outcome, Refused, Result
from payments.operations.record import Record, Ref
from payments.operations.refusals import CURRENCY_MISMATCH
from payments.statements.refusals import (
    ITEM_CLAIMED,
    LINE_EXPLAINED,
    LINE_NOT_FOUND,
    SUMS_DIFFER,
    Sums,
)
from payments.statements.status import LineState
from payments.statements.tables import (
    Claim,
    StatementLine,
    ledger_account,
    unexplained_account,
)

ITEMS_MAX: Final = 200
_BREAKS: Final = (BreakKind.AMOUNT_MISMATCH, BreakKind.MISSING_AT_BANK)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is ours: a settlement file with its net, a payout (below zero), a webhook's payment.

    None of this changes once it is there. `account_number`: of a file's account. `meeting`: of a
    payment, where its break is known by that.
    """

    id: UUID
    sort: Literal["settlement", "payout", "payment"]
    minor: int
    account_number: int = 0
    meeting: str = ""

    def account(self, currency: str) -> AccountSpec:
        """The account that holds it until the bank has paid."""
        if self.sort == "settlement":
            return ledger_account(self.account_number, currency)
        if self.sort == "payout":
            return house(Kind.SUPERPAY_CLEARING, currency)
        return bank_account()


class SettleLines(Intent, frozen=True, kw_only=True):
    """Say that these lines pay these subjects; the sums differ by `drift_minor` at most."""

    line_ids: tuple[UUID, ...]
    subjects: tuple[Subject, ...]
    currency: str
    drift_minor: int = 0
    reason: str = ""


class LinesSettled(Result, frozen=True, kw_only=True):
    """`drift`: what the bank paid more than the subjects say."""

    claim_id: UUID
    line_ids: tuple[UUID, ...]
    subject_ids: tuple[UUID, ...]
    amount: str
    drift: str
    currency: str
    description: str


def refs(intent: SettleLines) -> Iterable[Ref]:
    """Lines and their payments, claims on either side, and the breaks that end."""
    for id_ in intent.line_ids:
        yield Ref(StatementLine, id_)
        yield Ref(BankPayment, id_, "line_id")
        yield Ref(Claim, id_)
        yield from explained_refs(id_)
    for subject in intent.subjects:
        yield Ref(Claim, subject.id)
        yield Ref(StatementLine, subject.id, "subject_id")
        if subject.sort == "payment":
            yield Ref(BankPayment, subject.id)
        for id_ in _breaks_of(subject):
            yield Ref(Break, id_)


def _breaks_of(subject: Subject) -> Iterable[UUID]:
    """The breaks that say that the bank has not paid it, or paid another sum."""
    for reference in filter(None, (str(subject.id), subject.meeting)):
        for kind in _BREAKS:
            yield break_id(PROVIDER, kind, reference)


def accounts(intent: SettleLines, _state: State) -> Iterable[AccountId | AccountSpec]:
    """Where unexplained lines wait, and where the subjects stand."""
    yield house(Kind.SUSPENSE, intent.currency)
    yield unexplained_account(intent.currency)
    for subject in intent.subjects:
        yield subject.account(intent.currency)


def decide(intent: SettleLines, state: State, context: Context) -> Outcome:
    """Each line and each subject once, and to the minor unit unless a drift is allowed."""
    lines = [line for id_ in intent.line_ids for line in [state.record(StatementLine, id_)] if line]
    if len(lines) != len(intent.line_ids):
        return Refused(refusal=LINE_NOT_FOUND)
    if _is_claimed(intent, state):
        return Refused(refusal=ITEM_CLAIMED)
    if not all(_waits(line, state) for line in lines):
        return Refused(refusal=LINE_EXPLAINED)
    if any(line.currency != intent.currency for line in lines):
        return Refused(refusal=CURRENCY_MISMATCH)
    paid = sum(line.minor for line in lines)
    drift = paid - sum(subject.minor for subject in intent.subjects)
    if abs(drift) > intent.drift_minor:
        return Refused(refusal=SUMS_DIFFER, result=_sums(intent, paid, paid - drift))
    return Applied(
        legs=_legs(intent, lines, drift),
        puts=(*_rows(intent, lines, context), *_ended(intent, lines, state, context)),
        result=_result(intent, paid, drift, context),
        about=About(description=intent.reason or None),
    )


def _is_claimed(intent: SettleLines, state: State) -> bool:
    ids = (*intent.line_ids, *(subject.id for subject in intent.subjects))
    subjects = [one.id for one in intent.subjects]
    is_met = any(state.record(StatementLine, id_, by="subject_id") for id_ in subjects)
    return is_met or any(state.record(Claim, id_) for id_ in ids)


def _waits(line: StatementLine, state: State) -> bool:
    """Its money stands in suspense, or open: nobody has explained it."""
    places = {
        house(Kind.SUSPENSE, line.currency).id,
        unexplained_account(line.currency).id,
    }
    payment = state.record(BankPayment, line.id, by="line_id")
    is_nobodys = payment is None or payment.status is PaymentStatus.UNMATCHED
    is_open = line.state is LineState.THEIRS_ONLY and line.reversed_by is None
    return is_open and is_nobodys and line.counter_id in places


def _legs(intent: SettleLines, lines: Iterable[StatementLine], drift: int) -> tuple[Leg, ...]:
    """Out of where the lines wait, into what they pay; a drift stands open."""
    sums: Counter[AccountId] = Counter()
    for line in lines:
        assert line.counter_id is not None, "the caller looked"
        sums[AccountId(line.counter_id)] -= line.minor
    for subject in intent.subjects:
        sums[subject.account(intent.currency).id] += subject.minor
    sums[unexplained_account(intent.currency).id] += drift
    return tuple(Leg(account, minor) for account, minor in sums.items() if minor)


def _rows(
    intent: SettleLines, lines: Iterable[StatementLine], context: Context
) -> Iterable[Record]:
    for line in lines:
        yield line.changed(state=LineState.MATCHED)
        yield _claim("line", line.id, line.minor, context)
    for subject in intent.subjects:
        yield _claim(subject.sort, subject.id, subject.minor, context)


def _claim(sort: str, id_: UUID, minor: int, context: Context) -> Claim:
    return Claim(
        item_id=id_,
        claim_id=context.operation_id,
        sort=sort,
        minor=minor,
        claimed_by=context.actor,
        claimed_at=context.now,
    )


def _ended(
    intent: SettleLines, lines: Iterable[StatementLine], state: State, context: Context
) -> Iterable[Record]:
    """Payments in suspense that are a provider's and nobody's, and the breaks of both sides."""
    for line in lines:
        yield from explained(line.id, "settled", state, context)
        payment = state.record(BankPayment, line.id, by="line_id")
        if payment is not None:
            yield payment.changed(status=PaymentStatus.SETTLED, proposal=None)
    for subject in intent.subjects:
        payment = state.record(BankPayment, subject.id)
        if payment is not None:  # no later line may meet it
            yield payment.changed(meeting=None)
        for id_ in _breaks_of(subject):
            existing = state.record(Break, id_)
            if existing is not None:
                yield gone(existing, "settled", "the bank paid it", context.actor, context.now)


def _sums(intent: SettleLines, paid: int, ours: int) -> Sums:
    currency = currency_of(intent.currency)
    return Sums(
        lines=format_minor(paid, currency),
        subjects=format_minor(ours, currency),
        difference=format_minor(paid - ours, currency),
    )


def _result(intent: SettleLines, paid: int, drift: int, context: Context) -> LinesSettled:
    currency = currency_of(intent.currency)
    return LinesSettled(
        claim_id=context.operation_id,
        line_ids=intent.line_ids,
        subject_ids=tuple(subject.id for subject in intent.subjects),
        amount=format_minor(paid, currency),
        drift=format_minor(drift, currency),
        currency=intent.currency,
        description=intent.reason,
    )


OPERATION: Final[Operation[Any]] = Operation(
    kind="statement.settle",
    intent=SettleLines,
    result=LinesSettled,
    partition_key=lambda intent: f"settle:{intent.subjects[0].id}",
    refs=refs,
    accounts=accounts,
    decide=decide,
    refusals=(LINE_NOT_FOUND, ITEM_CLAIMED, LINE_EXPLAINED, CURRENCY_MISMATCH, SUMS_DIFFER),
)
