"""wallet.adjust: an operator credits or debits a wallet against the opening account."""

from collections.abc import Iterable

from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.chart import AccountSpec, Kind
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.wallets.refusals import PAYER_REFUSALS, payer, usable


class AdjustWallet(Intent, frozen=True, kw_only=True):
    """Credit the wallet by `minor` (or debit it), for a reason an auditor will read."""

    wallet_id: int
    minor: int
    currency: str
    is_credit: bool
    reason: str


def accounts(intent: AdjustWallet, _state: State) -> Iterable[AccountId | AccountSpec]:
    """The wallet, and the house account the money comes from or goes to."""
    return chart.wallet(intent.wallet_id), chart.house(Kind.OPENING, intent.currency)


class WalletAdjusted(Result, frozen=True, kw_only=True):
    """The wallet's balance afterwards."""

    wallet_id: int
    balance: str
    currency: str
    description: str


def decide(intent: AdjustWallet, state: State, _context: Context) -> Outcome:
    """A debit needs the money; nothing takes a wallet below zero, an operator neither."""
    wallet, opening = chart.wallet(intent.wallet_id), chart.house(Kind.OPENING, intent.currency).id
    if intent.is_credit:
        account = usable(state, wallet, intent.currency)
        source, destination = opening, wallet
    else:
        account = payer(state, wallet, intent.currency, intent.minor)
        source, destination = wallet, opening
    if isinstance(account, Refused):
        return account
    after = account.balance + (intent.minor if intent.is_credit else -intent.minor)
    return Applied(
        legs=move(source, destination, intent.minor),
        result=WalletAdjusted(
            wallet_id=intent.wallet_id,
            balance=format_minor(after, currency_of(intent.currency)),
            currency=intent.currency,
            description=intent.reason,
        ),
    )


OPERATION = Operation(
    kind="wallet.adjust",
    intent=AdjustWallet,
    result=WalletAdjusted,
    partition_key=lambda intent: intent.wallet_id,
    accounts=accounts,
    decide=decide,
    refusals=PAYER_REFUSALS,
)
