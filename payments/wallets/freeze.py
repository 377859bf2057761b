"""wallet.freeze: close a wallet to money in, out or both, or open it again."""

from typing import Annotated, ClassVar

from payments.kernel.words import one_of
from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.envelope import Intent
from payments.operations.operation import Context, Operation, State
from payments.operations.outcome import Applied, Outcome, Refused, Result
from payments.operations.record import Ref
from payments.wallets.refusals import WALLET_CLOSED, WALLET_NOT_FOUND
from payments.wallets.status import FROZEN_BY_DIRECTION, WALLET_STATUSES, wallet_status
from payments.wallets.tables import Wallet


class FreezeWallet(Intent, frozen=True, kw_only=True):
    """Freeze (`is_frozen`) or unfreeze a wallet. Repeating it is harmless."""

    wallet_id: int
    is_frozen: bool
    direction: str = "both"
    reason: str = ""

    added: ClassVar[tuple[str, ...]] = ("direction", "reason")


class WalletFrozen(Result, frozen=True, kw_only=True):
    """`wallet_status`: active or frozen; `freeze_direction` says which way money does not go."""

    wallet_id: int
    wallet_status: Annotated[str, one_of(WALLET_STATUSES)]
    freeze_direction: Annotated[str, one_of(FROZEN_BY_DIRECTION)] | None
    freeze_reason: str


def decide(intent: FreezeWallet, state: State, _context: Context) -> Outcome:
    """Refused only when there is no such wallet, or no longer."""
    account_id = chart.wallet(intent.wallet_id)
    account = state.account(account_id)
    if account is None:
        return Refused(refusal=WALLET_NOT_FOUND)
    if account.status == AccountStatus.CLOSED.value:
        return Refused(refusal=WALLET_CLOSED)
    wallet = state.record(Wallet, intent.wallet_id)
    status = FROZEN_BY_DIRECTION[intent.direction] if intent.is_frozen else AccountStatus.OPEN
    reason = intent.reason if intent.is_frozen else ""
    return Applied(
        statuses=((account_id, status),),
        puts=() if wallet is None else (wallet.changed(freeze_reason=reason or None),),
        result=WalletFrozen(
            wallet_id=intent.wallet_id,
            wallet_status=wallet_status(status),
            freeze_direction=intent.direction if intent.is_frozen else None,
            freeze_reason=reason,
        ),
    )


OPERATION = Operation(
    kind="wallet.freeze",
    intent=FreezeWallet,
    result=WalletFrozen,
    partition_key=lambda intent: intent.wallet_id,
    refs=lambda intent: (Ref(Wallet, intent.wallet_id),),
    accounts=lambda intent, _state: (chart.wallet(intent.wallet_id),),
    decide=decide,
    refusals=(WALLET_NOT_FOUND, WALLET_CLOSED),
)
