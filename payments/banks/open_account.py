"""bank.open_account: opens a client's account; its first balance comes from the bank's capital."""

import re
from typing import Final

from payments.banks.books import CURRENCY, bank_spec, client_account, client_spec
from payments.banks.refusals import (
    BAD_ACCOUNT_NUMBER,
    BANK_NOT_FOUND,
    CLIENT_NOT_FOUND,
)
from payments.banks.tables import ACCOUNT_NUMBERS, Bank, BankAccount, Client
from payments.kernel.ids import new_hex
from payments.kernel.money import format_minor
from payments.ledger.chart import Kind
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refusal, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import ACCOUNT_EXISTS

RANDOM_BYTES: Final = 5
_NUMBER: Final = re.compile(r"[\x21-\x7e]{2,64}", re.ASCII)


def new_number(bank_id: int) -> str:
    """A new random number; the UNIQUE constraint guards against a repeat."""
    return f"{bank_id}{new_hex(RANDOM_BYTES)}"


def is_number_of(number: str, bank_id: int) -> bool:
    """True for a number of this bank, including shorter ones of the assignment (`1xf3g`)."""
    return _NUMBER.fullmatch(number) is not None and number.startswith(str(bank_id))


class OpenBankAccount(Intent, frozen=True, kw_only=True):
    """`number` comes from `new_number` or from imported data."""

    bank_id: int
    client_id: int
    number: str
    opening_minor: int = 0


class BankAccountOpened(Result, frozen=True, kw_only=True):
    """The account and its opening balance."""

    number_invoice: str
    balance: str


def decide(intent: OpenBankAccount, state: State, context: Context) -> Outcome:
    """Open the account if bank and client exist and the number is the bank's and free."""
    bank = state.record(Bank, intent.bank_id)
    if bank is None:
        return Refused(refusal=BANK_NOT_FOUND)
    refusal = _refusal(intent, state)
    if refusal is not None:
        return Refused(refusal=refusal)
    local = state.number(ACCOUNT_NUMBERS)
    capital = bank_spec(Kind.BANK_CAPITAL, intent.bank_id).id
    account = BankAccount(
        id=local,
        number=intent.number,
        bank_id=intent.bank_id,
        client_id=intent.client_id,
        created_at=context.now,
        bank_name=bank.name,
    )
    return Applied(
        opens=(client_spec(local, intent.bank_id),),
        legs=move(capital, client_account(local), intent.opening_minor)
        if intent.opening_minor
        else (),
        puts=(account,),
        result=BankAccountOpened(
            number_invoice=intent.number,
            balance=format_minor(intent.opening_minor, CURRENCY),
        ),
    )


def _refusal(intent: OpenBankAccount, state: State) -> Refusal | None:
    if state.record(Client, intent.client_id) is None:
        return CLIENT_NOT_FOUND
    if not is_number_of(intent.number, intent.bank_id):
        return BAD_ACCOUNT_NUMBER
    if state.record(BankAccount, intent.number, "number") is not None:
        return ACCOUNT_EXISTS
    return None


OPERATION = Operation(
    kind="bank.open_account",
    intent=OpenBankAccount,
    result=BankAccountOpened,
    partition_key=lambda intent: intent.number,
    refs=lambda intent: (
        Ref(Bank, intent.bank_id),
        Ref(Client, intent.client_id),
        Ref(BankAccount, intent.number, "number"),
    ),
    accounts=lambda intent, _state: (bank_spec(Kind.BANK_CAPITAL, intent.bank_id),),
    decide=decide,
    refusals=(BANK_NOT_FOUND, CLIENT_NOT_FOUND, BAD_ACCOUNT_NUMBER, ACCOUNT_EXISTS),
    sequences=(ACCOUNT_NUMBERS,),
)
