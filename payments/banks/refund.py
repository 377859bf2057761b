"""bank_pay.refund: payments are given back, all of the list or none, each at most once."""

from collections.abc import Iterable, Sequence

from payments.banks.books import accounts_of, client_account, refund_legs
from payments.banks.status import PaymentStatus
from payments.banks.tables import BankPayment
from payments.kernel.ids import AccountId
from payments.ledger.chart import AccountSpec
from payments.ledger.posting import Leg
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Reason, Refused
from payments.operations.record import Ref


class RefundPayments(Intent, frozen=True, kw_only=True):
    """Give back these payments of a marketplace. The surface bounds the list."""

    marketplace_id: int
    operation_keys: tuple[str, ...]


class RefundRefusal(Reason):
    """In order of precedence; `operation_keys` of the answer are those it is about."""

    OPERATION_NOT_FOUND = "operation_not_found", 404
    """Unknown, or another marketplace's: nobody learns which."""
    ALREADY_REFUNDED = "already_refunded", 409
    NOT_REFUNDABLE = "not_refundable", 409
    """Never paid."""
    INSUFFICIENT_FUNDS = "insufficient_funds", 402
    """A seller does not have the money."""


def accounts(intent: RefundPayments, state: State) -> Iterable[AccountId | AccountSpec]:
    """All that any of the payments touched."""
    return [a for p in _found(intent, state) if p is not None for a in accounts_of(p)]


def decide(intent: RefundPayments, state: State, context: Context) -> Outcome:
    """Every one was paid and not given back, and what sellers owe in sum they have."""
    twice = sorted({k for k in intent.operation_keys if intent.operation_keys.count(k) > 1})
    if twice:
        return _refused(RefundRefusal.ALREADY_REFUNDED, twice)
    found = _found(intent, state)
    payments = [p for p in found if p is not None and p.marketplace_id == intent.marketplace_id]
    if len(payments) < len(found):
        known = {p.operation_key for p in payments}
        return _refused(
            RefundRefusal.OPERATION_NOT_FOUND, [k for k in intent.operation_keys if k not in known]
        )
    for status, reason in (
        (PaymentStatus.REFUNDED, RefundRefusal.ALREADY_REFUNDED),
        (PaymentStatus.EXPIRED, RefundRefusal.NOT_REFUNDABLE),
        (PaymentStatus.PAUSE, RefundRefusal.NOT_REFUNDABLE),
    ):
        wrong = [p.operation_key for p in payments if p.status == status.value]
        if wrong:
            return _refused(reason, wrong)
    legs = tuple(leg for p in payments for leg in refund_legs(p))
    short = _short(payments, legs, state)
    if short:
        return _refused(RefundRefusal.INSUFFICIENT_FUNDS, short)
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
        result={"refunded": list(intent.operation_keys)},
    )


def _found(intent: RefundPayments, state: State) -> list[BankPayment | None]:
    return [state.record(BankPayment, key, "operation_key") for key in intent.operation_keys]


def _short(payments: Sequence[BankPayment], legs: Iterable[Leg], state: State) -> list[str]:
    """Payments whose seller cannot bear what the whole list asks of it (and gives to it)."""
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


def _refused(reason: RefundRefusal, keys: Sequence[str]) -> Refused:
    return Refused(reason=reason, result={"operation_keys": list(keys)})


OPERATION = Operation(
    kind="bank_pay.refund",
    intent=RefundPayments,
    partition_key=lambda intent: min(intent.operation_keys),
    refs=lambda intent: [Ref(BankPayment, key, "operation_key") for key in intent.operation_keys],
    accounts=accounts,
    decide=decide,
    reasons=RefundRefusal,
)
