"""client_wallet.deposit: money into a client's wallet from outside."""

from collections.abc import Iterable

from payments.clientwallets.tables import ClientWallet
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.chart import AccountSpec, Kind
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.wallets.refusals import USABLE_REFUSALS, WALLET_NOT_FOUND, usable


class DepositToClientWallet(Intent, frozen=True):
    """Credit the wallet by `minor`; `user_id`, if given, must be the owner's."""

    wallet_id: int
    minor: int
    currency: str
    user_id: int | None = None


def accounts(intent: DepositToClientWallet, _state: State) -> Iterable[AccountId | AccountSpec]:
    """The wallet, and the house account the money comes from."""
    return chart.wallet(intent.wallet_id), chart.house(Kind.OPENING, intent.currency)


class ClientWalletCredited(Result, frozen=True, kw_only=True):
    """The wallet's balance afterwards."""

    user_id: int
    wallet_id: int
    currency: str
    balance: str
    description: str


def decide(intent: DepositToClientWallet, state: State, _context: Context) -> Outcome:
    """Credit a client's wallet only; other wallets are credited by an administrator's
    adjustment.
    """
    client = state.record(ClientWallet, intent.wallet_id, by="wallet_id")
    if client is None or intent.user_id not in {None, client.user_id}:
        return Refused(refusal=WALLET_NOT_FOUND)
    wallet = usable(state, chart.wallet(intent.wallet_id), intent.currency)
    if isinstance(wallet, Refused):
        return wallet
    opening = chart.house(Kind.OPENING, intent.currency).id
    return Applied(
        legs=move(opening, wallet.id, intent.minor),
        result=ClientWalletCredited(
            user_id=client.user_id,
            wallet_id=intent.wallet_id,
            currency=intent.currency,
            balance=format_minor(wallet.balance + intent.minor, currency_of(intent.currency)),
            description="deposit",
        ),
    )


OPERATION = Operation(
    kind="client_wallet.deposit",
    intent=DepositToClientWallet,
    result=ClientWalletCredited,
    partition_key=lambda intent: intent.wallet_id,
    refs=lambda intent: (Ref(ClientWallet, intent.wallet_id, "wallet_id"),),
    accounts=accounts,
    decide=decide,
    refusals=USABLE_REFUSALS,
)
