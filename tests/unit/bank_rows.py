"""Rows and intents of the bank surface, for tables of decisions."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from payments.banks.books import bank_spec, client_account, client_spec
from payments.banks.confirm import ConfirmPayment
from payments.banks.open_account import OpenBankAccount
from payments.banks.refund import RefundPayments
from payments.banks.request import RequestPayment
from payments.banks.tables import (
    ACCOUNT_NUMBERS,
    Bank,
    BankAccount,
    BankPayment,
    Client,
    Tariff,
    Unconfirmed,
)
from payments.banks.unconfirmed import UNCONFIRMED_MAX
from payments.kernel.clock import rfc3339
from payments.ledger.account import Account, new_account
from payments.ledger.balances import Balances
from payments.ledger.chart import Kind
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome
from payments.operations.record import Record, Records

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ID = UUID(int=99)
RIGHT, WRONG = b"r" * 32, b"w" * 32
FEES_1 = bank_spec(Kind.BANK_FEES, 1).id
CLEARING_1, CLEARING_2 = (bank_spec(Kind.BANK_CLEARING, n).id for n in (1, 2))
CUSTOMER, SELLER = client_account(11), client_account(22)


def account(number: str, local: int, bank_id: int) -> BankAccount:
    """An account of client 1."""
    return BankAccount(id=local, number=number, bank_id=bank_id, client_id=1, created_at=NOW)


def guessed(**changes: Any) -> BankAccount:
    """The customer's account when every wrong code it stands was tried just now."""
    values: dict[str, Any] = {"wrong_codes": 30, "wrong_codes_since": NOW}
    return account("1a", 11, 1).changed(**(values | changes))


def payment(**changes: Any) -> BankPayment:
    """A payment of 2000 from bank 1 to bank 2 that waits for its code."""
    waiting = BankPayment(
        id=ID,
        operation_key="key",
        marketplace_id=1,
        customer_account_id=11,
        customer_bank_id=1,
        seller_account_id=22,
        seller_bank_id=2,
        minor=2000,
        fee_minor=100,
        refund_fee="return",
        status="pause",
        code_hash=RIGHT,
        attempts=0,
        expires_at=NOW + timedelta(minutes=10),
        created_at=NOW,
        paid_at=None,
        refunded_at=None,
        refund_id=None,
    )
    return waiting.changed(**changes)


def waiting(count: int = UNCONFIRMED_MAX) -> Unconfirmed:
    """So many payments of marketplace 1 wait for codes of account 1a."""
    ends_at = rfc3339(NOW + timedelta(minutes=10))
    return Unconfirmed(
        payer="1:1a", waiting={str(UUID(int=n)): ends_at for n in range(1, count + 1)}
    )


ROWS: tuple[Record, ...] = (
    Bank(id=1, name="sber", created_at=NOW),
    Client(id=1, name="mike", email="mike@example.com", created_at=NOW),
    account("1a", 11, 1),
    account("1b", 12, 1),
    account("2a", 22, 2),
    account("3a", 33, 3),
    Tariff(id=1, pair="1:2", percent_bp=500, min_amount_money=50, refund_fee="keep"),
)


def state_of(*rows: Record, money: dict[int, int] | None = None) -> State:
    """These rows beside the usual ones; accounts hold `money` by number, all others 2000."""
    records = Records()
    for row in (*ROWS, *rows):
        records.put(row)
    held = {11: 2000, 12: 2000, 22: 2000, 33: 2000} | (money or {})
    accounts: list[Account] = []
    for local, minor in held.items():
        opened = new_account(client_spec(local, int(str(local)[0])))
        accounts.append(msgspec.structs.replace(opened, credits_posted=minor))
    houses = [
        new_account(bank_spec(kind, bank_id))
        for kind in (Kind.BANK_FEES, Kind.BANK_CLEARING, Kind.BANK_CAPITAL, Kind.BANK_OWN)
        for bank_id in (1, 2, 9)
    ]
    return State(Balances([*accounts, *houses]), records, {ACCOUNT_NUMBERS: [77]})


def decide(
    operation: Operation[Any], intent: Any, state: State, submitted_at: datetime = NOW
) -> Outcome:
    """The outcome, after the ledger has agreed to its legs."""
    outcome = operation.decide(intent, state, Context(ID, "marketplace:1", NOW, submitted_at))
    if isinstance(outcome, Applied):
        for spec in outcome.opens:
            state.balances.open(spec)
        state.balances.post(outcome.legs, ID, NOW)
    return outcome


def pay(customer: str = "1a", seller: str = "2a", minor: int = 2000) -> RequestPayment:
    """A wish to pay."""
    return RequestPayment(
        marketplace_id=1,
        operation_key="key",
        customer_number=customer,
        seller_number=seller,
        pair="1:2",
        minor=minor,
        code_hash=RIGHT,
    )


def attempt(
    code_hash: bytes = RIGHT, marketplace_id: int = 1, key: str = "key", customer: str = "1a"
) -> ConfirmPayment:
    """A try at the code."""
    return ConfirmPayment(
        marketplace_id=marketplace_id,
        operation_key=key,
        customer_number=customer,
        code_hash=code_hash,
    )


def give_back(*keys: str, marketplace_id: int = 1) -> RefundPayments:
    """A wish for refunds."""
    return RefundPayments(marketplace_id=marketplace_id, operation_keys=keys)


def opening(**changes: Any) -> OpenBankAccount:
    """A wish for an account."""
    fields: dict[str, Any] = {"bank_id": 1, "client_id": 1, "number": "1new", "opening_minor": 5}
    return OpenBankAccount(**(fields | changes))


PAID = {"status": "success", "paid_at": NOW}
REFUNDED = {**PAID, "status": "refunded", "refunded_at": NOW, "refund_id": ID}
LATE = NOW + timedelta(minutes=10)
