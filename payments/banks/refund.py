"""bank_pay.refund: refunds all payments of a list or none, each at most once."""

from collections.abc import Iterable, Sequence

from payments.banks.books import accounts_of, client_account, refund_legs
from payments.banks.refusals import ALREADY_REFUNDED, NOT_REFUNDABLE, OPERATION_NOT_FOUND
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankPayment
from payments.kernel.ids import AccountId
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import Leg
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refusal, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import INSUFFICIENT_FUNDS


class RefundPayments(Intent, frozen=True, kw_only=True):
    """Refund these payments of a marketplace. The surface limits the length of the list."""

    marketplace_id: int
    operation_keys: tuple[str, ...]


def accounts(intent: RefundPayments, state: State) -> Iterable[AccountId | AccountSpec]:
    """Every account that the payments changed."""
    return [a for p in _requested(intent, state) if p is not None for a in accounts_of(p)]


class PaymentsRefunded(Result, frozen=True, kw_only=True):
    """The refunded payments: all of the list."""

    refunded: tuple[str, ...]


class PaymentsNamed(Result, frozen=True, kw_only=True):
    """The payments that caused the refusal."""

    operation_keys: tuple[str, ...]


def decide(intent: RefundPayments, state: State, context: Context) -> Outcome:
    """Refund if each payment is paid and not refunded, and each seller can bear its total."""
    twice = sorted({k for k in intent.operation_keys if intent.operation_keys.count(k) > 1})
    if twice:
        return _refused(ALREADY_REFUNDED, twice)
    requested = _requested(intent, state)
    payments = [p for p in requested if p is not None and p.marketplace_id == intent.marketplace_id]
    if len(payments) < len(requested):
        known = {p.operation_key for p in payments}
        return _refused(OPERATION_NOT_FOUND, [k for k in intent.operation_keys if k not in known])
    for status, refusal in (
        (PaymentStatus.REFUNDED, ALREADY_REFUNDED),
        (PaymentStatus.EXPIRED, NOT_REFUNDABLE),
        (PaymentStatus.PAUSE, NOT_REFUNDABLE),
    ):
        wrong = [p.operation_key for p in payments if p.status == status.value]
        if wrong:
            return _refused(refusal, wrong)
    legs = tuple(leg for p in payments for leg in refund_legs(p))
    short = _short(payments, legs, state)
    if short:
        return _refused(INSUFFICIENT_FUNDS, short)
    return Applied(
        legs=legs,
        puts=tuple(
            p.changed(
                status=PaymentStatus.REFUNDED.value,
                refunded_at=context.now,
                refund_id=context.operation_id,
            )
            for p in payments
        ),
        result=PaymentsRefunded(refunded=intent.operation_keys),
    )


def _requested(intent: RefundPayments, state: State) -> list[BankPayment | None]:
    return [state.record(BankPayment, key, "operation_key") for key in intent.operation_keys]


def _short(payments: Sequence[BankPayment], legs: Iterable[Leg], state: State) -> list[str]:
    """Payments whose seller cannot bear the net amount of the whole list."""
    changes: dict[AccountId, int] = {}
    for leg in legs:
        changes[leg.account_id] = changes.get(leg.account_id, 0) + leg.minor
    short = []
    for payment in payments:
        account_id = client_account(payment.seller_account_id)
        money = state.account(account_id)
        if money is None or money.available + changes.get(account_id, 0) < 0:
            short.append(payment.operation_key)
    return short


def _refused(refusal: Refusal, keys: Sequence[str]) -> Refused:
    return Refused(refusal=refusal, result=PaymentsNamed(operation_keys=tuple(keys)))


OPERATION = Operation(
    kind="bank_pay.refund",
    intent=RefundPayments,
    result=PaymentsRefunded,
    partition_key=lambda intent: min(intent.operation_keys),
    refs=lambda intent: [Ref(BankPayment, key, "operation_key") for key in intent.operation_keys],
    accounts=accounts,
    decide=decide,
    refusals=tuple(
        refusal.carrying(PaymentsNamed)
        for refusal in (
            OPERATION_NOT_FOUND,
            ALREADY_REFUNDED,
            NOT_REFUNDABLE,
            INSUFFICIENT_FUNDS,
        )
    ),
)
