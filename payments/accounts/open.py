"""account.open: a house account under a name of the client's own."""

from payments.accounts.tables import HouseAccount
from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import named
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.refusals import ACCOUNT_EXISTS


class OpenAccount(Intent, frozen=True, kw_only=True):
    """Open a house account; `allow_negative`: it may stand below zero."""

    name: str
    currency: str
    allow_negative: bool = False


class AccountOpened(Result, frozen=True, kw_only=True):
    """The account that was opened."""

    account: str
    currency: str
    allow_negative: bool
    balance: str
    created_at: str


def decide(intent: OpenAccount, state: State, context: Context) -> Outcome:
    """Refused when there is one of this name and currency."""
    spec = named(intent.name, intent.currency, allow_negative=intent.allow_negative)
    if state.account(spec.id) is not None:
        return Refused(refusal=ACCOUNT_EXISTS)
    return Applied(
        opens=(spec,),
        puts=(
            HouseAccount(
                id=spec.id,
                name=intent.name,
                currency=intent.currency,
                allow_negative=intent.allow_negative,
                created_by=context.actor,
                created_at=context.now,
            ),
        ),
        result=AccountOpened(
            account=intent.name,
            currency=intent.currency,
            allow_negative=intent.allow_negative,
            balance=format_minor(0, currency_of(intent.currency)),
            created_at=rfc3339(context.now),
        ),
    )


OPERATION = Operation(
    kind="account.open",
    intent=OpenAccount,
    result=AccountOpened,
    # Both that open one account meet in one partition, so that the second sees the first.
    partition_key=lambda intent: f"account:{intent.name}:{intent.currency}",
    accounts=lambda intent, _state: (named(intent.name, intent.currency).id,),
    decide=decide,
    refusals=(ACCOUNT_EXISTS,),
)
