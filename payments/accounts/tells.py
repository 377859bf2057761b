"""House accounts as events tell them."""

from typing import Final

from payments.accounts.open import OpenAccount
from payments.accounts.queries import AccountView
from payments.accounts.tables import HouseAccount
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import named
from payments.operations.operation import State
from payments.operations.outcome import Decision
from payments.operations.telling import Says


def account_said(_decision: Decision, intent: OpenAccount, state: State) -> AccountView | None:
    """The account that was opened, as its GET gives it."""
    id_ = named(intent.name, intent.currency).id
    row, account = state.record(HouseAccount, id_), state.account(id_)
    if row is None or account is None:
        return None
    return AccountView(
        account=row.name,
        currency=row.currency,
        allow_negative=row.allow_negative,
        balance=format_minor(account.balance, currency_of(row.currency)),
        created_at=rfc3339(row.created_at),
    )


SAYS: Final = Says(noun="account", data=account_said)
