"""bank.open: opens a bank and books its capital in the bank's own book."""

from payments.banks.books import CURRENCY, bank_spec
from payments.banks.refusals import BANK_EXISTS
from payments.banks.tables import Bank
from payments.kernel.money import format_minor
from payments.ledger.chart import Kind
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref


class OpenBank(Intent, frozen=True, kw_only=True):
    """Open a bank with an id chosen by the caller and `opening_minor` of own money."""

    bank_id: int
    name: str
    opening_minor: int = 0


class BankOpened(Result, frozen=True, kw_only=True):
    """The bank and its opening balance."""

    bank_id: int
    name: str
    balance: str


def decide(intent: OpenBank, state: State, context: Context) -> Outcome:
    """Open the bank if id and name are free."""
    known = state.record(Bank, intent.bank_id) or state.record(Bank, intent.name, "name")
    if known is not None:
        return Refused(refusal=BANK_EXISTS)
    capital = bank_spec(Kind.BANK_CAPITAL, intent.bank_id).id
    own = bank_spec(Kind.BANK_OWN, intent.bank_id).id
    return Applied(
        legs=move(capital, own, intent.opening_minor) if intent.opening_minor else (),
        puts=(Bank(id=intent.bank_id, name=intent.name, created_at=context.now),),
        result=BankOpened(
            bank_id=intent.bank_id,
            name=intent.name,
            balance=format_minor(intent.opening_minor, CURRENCY),
        ),
    )


OPERATION = Operation(
    kind="bank.open",
    intent=OpenBank,
    result=BankOpened,
    partition_key=lambda intent: intent.bank_id,
    refs=lambda intent: (Ref(Bank, intent.bank_id), Ref(Bank, intent.name, "name")),
    accounts=lambda intent, _state: (
        bank_spec(Kind.BANK_CAPITAL, intent.bank_id),
        bank_spec(Kind.BANK_OWN, intent.bank_id),
    ),
    decide=decide,
    refusals=(BANK_EXISTS,),
)
