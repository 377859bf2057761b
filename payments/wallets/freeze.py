"""wallet.freeze: close a wallet to money in and out, or open it again."""

from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.wallets.refusals import WALLET_CLOSED, WALLET_NOT_FOUND
from payments.wallets.status import wallet_status


class FreezeWallet(Intent, frozen=True, kw_only=True):
    """Freeze (`is_frozen`) or unfreeze a wallet. Repeating it is harmless."""

    wallet_id: int
    is_frozen: bool


class WalletFrozen(Result, frozen=True, kw_only=True):
    """`wallet_status`: active or frozen."""

    wallet_id: int
    wallet_status: str


def decide(intent: FreezeWallet, state: State, _context: Context) -> Outcome:
    """Refused only when there is no such wallet, or no longer."""
    account_id = chart.wallet(intent.wallet_id)
    account = state.account(account_id)
    if account is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    if account.status == AccountStatus.CLOSED.value:
        return Refused(refusal=WALLET_CLOSED)
    status = AccountStatus.FROZEN if intent.is_frozen else AccountStatus.OPEN
    return Applied(
        statuses=((account_id, status),),
        result=WalletFrozen(
            wallet_id=intent.wallet_id,
            wallet_status=wallet_status(status),
        ),
    )


OPERATION = Operation(
    kind="wallet.freeze",
    intent=FreezeWallet,
    result=WalletFrozen,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(WALLET_NOT_FOUND, WALLET_CLOSED),
)
