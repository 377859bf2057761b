"""wallet.freeze: close a wallet to money in and out, or open it again."""

from payments.ledger import chart
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.wallets.refusals import WALLET_NOT_FOUND


class FreezeWallet(Intent, frozen=True, kw_only=True):
    """Freeze (`is_frozen`) or unfreeze a wallet. Repeating it is harmless."""

    wallet_id: int
    is_frozen: bool


class WalletFrozen(Result, frozen=True, kw_only=True):
    """`wallet_status`: active or frozen."""

    wallet_id: int
    wallet_status: str


def decide(intent: FreezeWallet, state: State, _context: Context) -> Outcome:
    """Refused only when there is no such wallet."""
    account_id = chart.wallet(intent.wallet_id)
    if state.account(account_id) is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    return Applied(
        freezes=((account_id, intent.is_frozen),),
        result=WalletFrozen(
            wallet_id=intent.wallet_id,
            wallet_status="frozen" if intent.is_frozen else "active",
        ),
    )


OPERATION = Operation(
    kind="wallet.freeze",
    intent=FreezeWallet,
    result=WalletFrozen,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(WALLET_NOT_FOUND,),
)
