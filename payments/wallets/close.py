"""wallet.close: an empty wallet takes no part in anything any more, for ever."""

from typing import Annotated

from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.wallets.refusals import WALLET_CLOSED, WALLET_NOT_EMPTY, WALLET_NOT_FOUND
from payments.wallets.status import WALLET_STATUSES, wallet_status


class CloseWallet(Intent, frozen=True, kw_only=True):
    """Close a wallet; there is no way back."""

    wallet_id: int


class WalletClosed(Result, frozen=True, kw_only=True):
    """`wallet_status`: closed."""

    wallet_id: int
    wallet_status: Annotated[str, one_of(WALLET_STATUSES)]


def decide(intent: CloseWallet, state: State, _context: Context) -> Outcome:
    """Only with balance and holds at zero. A frozen wallet may be closed, a closed one is."""
    account = state.account(chart.wallet(intent.wallet_id))
    if account is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    if account.status == AccountStatus.CLOSED.value:
        return Refused(refusal=WALLET_CLOSED)
    if account.balance or account.held:
        return Refused(refusal=WALLET_NOT_EMPTY)
    return Applied(
        statuses=((account.id, AccountStatus.CLOSED),),
        result=WalletClosed(
            wallet_id=intent.wallet_id, wallet_status=wallet_status(AccountStatus.CLOSED)
        ),
    )


OPERATION = Operation(
    kind="wallet.close",
    intent=CloseWallet,
    result=WalletClosed,
    partition_key=lambda intent: intent.wallet_id,
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(WALLET_NOT_FOUND, WALLET_CLOSED, WALLET_NOT_EMPTY),
)
