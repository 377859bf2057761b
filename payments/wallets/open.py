"""wallet.open: a new wallet, empty."""

from typing import Annotated, ClassVar

import msgspec

from payments.kernel.clock import rfc3339
from payments.kernel.free_json import EMPTY, JsonObject
from payments.kernel.money import currency_of, format_minor
from payments.kernel.words import one_of
from payments.ledger.chart import AccountStatus, Kind, owned
from payments.operations.envelope import Intent
from payments.operations.operation import NO_ACCOUNTS, Context, Operation, State
from payments.operations.outcome import Applied, Result
from payments.wallets.status import WALLET_STATUSES, wallet_status
from payments.wallets.tables import WALLET_NUMBERS, Wallet


class OpenWallet(Intent, frozen=True, kw_only=True):
    """Open a wallet in a currency for an owner."""

    currency: str
    owner: str
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    free_json: ClassVar[tuple[str, ...]] = ("metadata",)


class WalletOpened(Result, frozen=True, kw_only=True):
    """The wallet that was opened."""

    wallet_id: int
    currency: str
    owner: str
    metadata: JsonObject
    wallet_status: Annotated[str, one_of(WALLET_STATUSES)]
    balance: str
    available: str
    held: str
    created_at: str


def decide(intent: OpenWallet, state: State, context: Context) -> Applied:
    """Always succeeds: the currency was checked at the edge."""
    number = state.number(WALLET_NUMBERS)
    metadata = EMPTY if intent.metadata is msgspec.UNSET else intent.metadata
    zero = format_minor(0, currency_of(intent.currency))
    return Applied(
        opens=(owned(Kind.WALLET, number, intent.currency),),
        puts=(
            Wallet(
                id=number,
                currency=intent.currency,
                owner=intent.owner,
                created_by=context.actor,
                metadata=metadata,
                created_at=context.now,
            ),
        ),
        result=WalletOpened(
            wallet_id=number,
            currency=intent.currency,
            owner=intent.owner,
            metadata=metadata,
            wallet_status=wallet_status(AccountStatus.OPEN),
            balance=zero,
            available=zero,
            held=zero,
            created_at=rfc3339(context.now),
        ),
    )


OPERATION = Operation(
    kind="wallet.open",
    intent=OpenWallet,
    result=WalletOpened,
    partition_key=lambda intent: intent.owner,
    accounts=lambda _intent, _state: NO_ACCOUNTS,
    decide=decide,
    sequences=(WALLET_NUMBERS,),
)
