"""client_wallet.open: opens the only wallet of a client and credits its opening balance."""

from collections.abc import Iterable

from payments.clientwallets.refusals import USER_ALREADY_HAS_WALLET, UserNamed
from payments.clientwallets.tables import ClientWallet
from payments.kernel.clock import rfc3339
from payments.kernel.free_json import EMPTY
from payments.kernel.ids import AccountId
from payments.kernel.money import currency_of, format_minor
from payments.ledger.chart import AccountSpec, Kind, house, owned
from payments.ledger.posting import move
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.wallets.tables import WALLET_NUMBERS, Wallet


class OpenClientWallet(Intent, frozen=True):
    """Open a client's wallet with an opening balance of `minor`."""

    user_id: int
    minor: int
    currency: str


def accounts(intent: OpenClientWallet, _state: State) -> Iterable[AccountId | AccountSpec]:
    """The house account that the opening balance comes from."""
    return (house(Kind.OPENING, intent.currency),) if intent.minor else ()


class ClientWalletOpened(Result, frozen=True, kw_only=True):
    """The client's wallet and its opening balance."""

    user_id: int
    wallet_id: int
    currency: str
    balance: str
    created_at: str
    description: str


def decide(intent: OpenClientWallet, state: State, context: Context) -> Outcome:
    """Refuse when the client has a wallet in any currency."""
    if state.record(ClientWallet, intent.user_id) is not None:
        return Refused(refusal=USER_ALREADY_HAS_WALLET, result=UserNamed(user_id=intent.user_id))
    number = state.number(WALLET_NUMBERS)
    account = owned(Kind.WALLET, number, intent.currency)
    opening = house(Kind.OPENING, intent.currency).id
    wallet = Wallet(
        id=number,
        currency=intent.currency,
        owner=f"client:{intent.user_id}",
        created_by=context.actor,
        metadata=EMPTY,
        created_at=context.now,
    )
    client = ClientWallet(user_id=intent.user_id, wallet_id=number, created_at=context.now)
    return Applied(
        opens=(account,),
        legs=move(opening, account.id, intent.minor) if intent.minor else (),
        puts=(wallet, client),
        result=ClientWalletOpened(
            user_id=intent.user_id,
            wallet_id=number,
            currency=intent.currency,
            balance=format_minor(intent.minor, currency_of(intent.currency)),
            created_at=rfc3339(context.now),
            description="opening money",
        ),
    )


OPERATION = Operation(
    kind="client_wallet.open",
    intent=OpenClientWallet,
    result=ClientWalletOpened,
    partition_key=lambda intent: f"client:{intent.user_id}",
    refs=lambda intent: (Ref(ClientWallet, intent.user_id),),
    accounts=accounts,
    decide=decide,
    refusals=(USER_ALREADY_HAS_WALLET,),
    sequences=(WALLET_NUMBERS,),
)
