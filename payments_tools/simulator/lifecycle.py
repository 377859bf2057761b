"""Lifecycle of a transaction: the transition table, timers, and the function that changes
status.
"""

from datetime import timedelta
from typing import Final

import msgspec

from payments_tools.simulator.amounts import other_currency
from payments_tools.simulator.callbacks import announce
from payments_tools.simulator.config import SimulatorConfig
from payments_tools.simulator.faults import AUTO_PAID, Fault, Faults
from payments_tools.simulator.messages import Transaction
from payments_tools.simulator.store import Store, Timer

TRANSITIONS: Final[dict[str, dict[str, set[str]]]] = {
    "payout": {
        "created": {"processing", "paid", "failed", "canceled"},
        "processing": {"paid", "failed", "canceled"},
        "paid": {"returned"},
        "failed": set(),
        "canceled": set(),
        "returned": set(),
    },
    "deposit": {
        "created": {"pending", "paid", "failed", "expired"},
        "pending": {"paid", "failed"},
        "expired": {"paid"},
        "paid": set(),
        "failed": set(),
    },
}
_MONEY: Final = {("payout", "paid"): "paid", ("payout", "returned"): "returned"}
_FEE_DIVISOR: Final = 100
_ENDS: Final = {"paid", "failed", "canceled"}


class IllegalMoveError(Exception):
    """The transition table does not allow this change."""


class Lifecycle:
    """Changes the status of transactions, now or by timer, and writes a callback for each."""

    def __init__(self, config: SimulatorConfig, store: Store) -> None:
        self.config = config
        self.store = store

    def now(self) -> float:
        """Unix seconds."""
        return self.config.clock().timestamp()

    def lifetime(self, faults: Faults) -> timedelta:
        """How long a deposit waits for its payer."""
        if Fault.LATE_PAY in faults:
            return timedelta(seconds=faults.get(Fault.SETTLE, self.config.settle_after_s) / 2)
        return timedelta(seconds=self.config.deposit_lifetime_s)

    def begin(self, transaction: Transaction, faults: Faults) -> None:
        """Store a new transaction and set its timers."""
        store, order = self.store, transaction.order
        settle = faults.get(Fault.SETTLE, self.config.settle_after_s)
        now = self.now()
        store.save(transaction)
        if transaction.refused:
            announce(store, transaction, faults, now)
        elif order.type == "payout":
            store.set_timer(order.merchant_id, "process", now + settle / 2)
            store.set_timer(order.merchant_id, "end", now + settle)
        else:
            lifetime_s = self.lifetime(faults).total_seconds()
            store.set_timer(order.merchant_id, "expire", now + lifetime_s)
            if AUTO_PAID & faults.keys():
                store.set_timer(order.merchant_id, "pay", now + settle)

    def move(
        self,
        merchant_id: int,
        status: str,
        *,
        failure: str | None = None,
        paid: tuple[int, str] | None = None,
    ) -> Transaction:
        """Change a status, with history, money, timers and callback.

        Raises `IllegalMoveError`, `LookupError`.
        """
        with self.store.write():
            before = self.store.find(merchant_id)
            if before is None:
                raise LookupError(merchant_id)
            kind = before.order.type
            if status not in TRANSITIONS[kind][before.status]:
                raise IllegalMoveError(f"{kind} {merchant_id}: {before.status} -> {status}")
            after = self._after(before, status, failure, paid)
            self.store.save(after)
            movement = _MONEY.get((kind, status))
            if movement is not None:
                self.store.move_money(after, movement, after.order.minor, after.order.currency)
            elif after.paid_minor is not None and after.paid_currency is not None:
                self.store.move_money(after, "received", after.paid_minor, after.paid_currency)
            announce(self.store, after, self.store.seen(merchant_id).faults, self.now())
            return after

    def _after(
        self, before: Transaction, status: str, failure: str | None, paid: tuple[int, str] | None
    ) -> Transaction:
        at = self.config.clock()
        changed = msgspec.structs.replace(
            before,
            status=status,
            version=before.version + 1,
            updated_at=at,
            completed_at=at if status in _ENDS | {"returned"} else before.completed_at,
            failure_code=failure,
        )
        if status != "paid":
            return changed
        changed = msgspec.structs.replace(changed, fee_minor=before.order.minor // _FEE_DIVISOR)
        if before.order.type == "payout":
            return changed
        minor, currency = paid or (before.order.minor, before.order.currency)
        return msgspec.structs.replace(
            changed,
            paid_minor=minor,
            paid_currency=currency,
            paid_late=before.status == "expired",
        )

    def pay(self, merchant_id: int, paid: tuple[int, str] | None = None) -> Transaction:
        """The payer pays; after expiry the money is received at once."""
        with self.store.write():
            before = self.store.find(merchant_id)
            if before is None:
                raise LookupError(merchant_id)
            faults = self.store.seen(merchant_id).faults
            paid = paid or _payment(before, faults)
            if before.status == "expired":
                return self.move(merchant_id, "paid", paid=paid)
            after = self.move(merchant_id, "pending")
            settle = faults.get(Fault.SETTLE, self.config.settle_after_s)
            if Fault.STUCK not in faults:
                self.store.set_timer(merchant_id, "receive", self.now() + settle / 2, paid)
            return after

    def fire_timers(self) -> None:
        """Fire due timers. A timer whose transition is no longer allowed does nothing."""
        for timer in self.store.due_timers(self.now()):
            with self.store.write():
                self.store.remove_timer(timer.id)
                try:
                    self._fire(timer)
                except IllegalMoveError:
                    continue  # an operator or the payer changed the status before

    def _fire(self, timer: Timer) -> None:
        merchant_id = timer.merchant_id
        if timer.action == "process":
            self.move(merchant_id, "processing")
        elif timer.action == "end":
            self._end_payout(merchant_id)
        elif timer.action == "return":
            self.move(merchant_id, "returned")
        elif timer.action == "expire":
            self.move(merchant_id, "expired")
        elif timer.action == "pay":
            self._auto_pay(merchant_id)
        elif timer.minor is not None and timer.currency is not None:
            self.move(merchant_id, "paid", paid=(timer.minor, timer.currency))

    def _end_payout(self, merchant_id: int) -> None:
        faults = self.store.seen(merchant_id).faults
        if Fault.STUCK in faults:
            return
        if Fault.FAIL in faults:
            self.move(merchant_id, "failed", failure="payout_rejected")
        elif Fault.CANCEL in faults:
            self.move(merchant_id, "canceled")
        else:
            self.move(merchant_id, "paid")
            if Fault.RETURN in faults:
                wait = faults[Fault.RETURN]
                wait = self.config.settle_after_s if wait < 0 else wait
                self.store.set_timer(merchant_id, "return", self.now() + wait)

    def _auto_pay(self, merchant_id: int) -> None:
        if Fault.FAIL in self.store.seen(merchant_id).faults:
            self.move(merchant_id, "failed", failure="payer_declined")
        else:
            self.pay(merchant_id)


def _payment(transaction: Transaction, faults: Faults) -> tuple[int, str]:
    """The amount that the payer pays by default."""
    minor, currency = transaction.order.minor, transaction.order.currency
    if Fault.UNDERPAY in faults:
        return max(1, minor // 2), currency
    if Fault.OVERPAY in faults:
        return minor * 2, currency
    if Fault.PAY_CURRENCY in faults:
        return minor, other_currency(currency)
    return minor, currency
