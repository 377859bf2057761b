"""wallet.change: metadata is merged, the overdraft limit is set."""

from typing import ClassVar

import msgspec

from payments.kernel.free_json import JsonObject, merged
from payments.kernel.money import currency_of, format_minor
from payments.kernel.strict import NotRead
from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.operations.refusals import METADATA_FULL
from payments.wallets.refusals import OVERDRAFT_IN_USE, WALLET_CLOSED, WALLET_NOT_FOUND
from payments.wallets.tables import Wallet


class ChangeWallet(Intent, frozen=True, kw_only=True):
    """What is not given stays; a member of `metadata` that is null is taken out."""

    wallet_id: int
    metadata: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    overdraft_minor: int | None = None

    free_json: ClassVar[tuple[str, ...]] = ("metadata",)


class WalletChanged(Result, frozen=True, kw_only=True):
    """The wallet's metadata and limit afterwards."""

    wallet_id: int
    metadata: JsonObject
    overdraft_limit: str
    currency: str


def decide(intent: ChangeWallet, state: State, _context: Context) -> Outcome:
    """A limit below what is overdrawn already is refused."""
    account = state.account(chart.wallet(intent.wallet_id))
    wallet = state.record(Wallet, intent.wallet_id)
    if account is None or wallet is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    if account.status == AccountStatus.CLOSED.value:
        return Refused(refusal=WALLET_CLOSED)
    limit = account.overdraft_limit
    if intent.overdraft_minor is not None:
        limit = intent.overdraft_minor
        if account.position < -limit and limit < account.overdraft_limit:
            return Refused(refusal=OVERDRAFT_IN_USE)
    if intent.metadata is not msgspec.UNSET:
        try:
            wallet = wallet.changed(metadata=merged(wallet.metadata, intent.metadata))
        except NotRead:
            return Refused(refusal=METADATA_FULL)
    return Applied(
        overdrafts=() if intent.overdraft_minor is None else ((account.id, limit),),
        puts=(wallet,),
        result=WalletChanged(
            wallet_id=wallet.id,
            metadata=wallet.metadata,
            overdraft_limit=format_minor(limit, currency_of(wallet.currency)),
            currency=wallet.currency,
        ),
    )


OPERATION = Operation(
    kind="wallet.change",
    intent=ChangeWallet,
    result=WalletChanged,
    partition_key=lambda intent: intent.wallet_id,
    refs=lambda intent: (Ref(Wallet, intent.wallet_id),),
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(WALLET_NOT_FOUND, WALLET_CLOSED, OVERDRAFT_IN_USE, METADATA_FULL),
)
