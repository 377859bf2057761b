"""Wallets and transactions of the wallet service as events tell them: as their GETs give them."""

from datetime import datetime
from typing import Any, Final

from payments.clientwallets.queries import ClientWalletView, OutcomeView
from payments.clientwallets.tables import ClientTransfer, ClientWallet
from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.operation import State
from payments.operations.outcome import Status
from payments.operations.telling import Tells
from payments.surfaces.walletservice.answers import (
    ClientTransactionAnswer,
    WalletAnswer,
    transaction_answer,
    wallet_answer,
)
from payments.wallets.status import wallet_status


def transfer_view(row: ClientTransfer, _state: State, _now: datetime) -> ClientTransactionAnswer:
    """A processed transaction."""
    result = {
        "transaction_id": row.id,
        "source_wallet_id": row.source_wallet_id,
        "destination_wallet_id": row.destination_wallet_id,
    }
    kind = "client_transfer.create"
    outcome = OutcomeView(kind=kind, status=Status.APPLIED.value, reason=None, result=result)
    return transaction_answer(None, outcome)


def wallet_view(row: ClientWallet, state: State, _now: datetime) -> WalletAnswer | None:
    """The wallet with its money after the operation."""
    account = state.account(chart.wallet(row.wallet_id))
    if account is None:
        return None
    wallet = ClientWalletView(
        user_id=row.user_id,
        wallet_id=row.wallet_id,
        status=wallet_status(AccountStatus(account.status)),
        minor=account.balance,
        currency=account.currency,
        created_at=row.created_at,
        updated_at=account.last_entry_at or row.created_at,
    )
    return wallet_answer(wallet, user_id=row.user_id)


def _find(intent: Any, state: State) -> ClientWallet | None:
    """The wallet that a deposit names."""
    return state.record(ClientWallet, intent.wallet_id, by="wallet_id")


TELLS: Final = (
    Tells(record=ClientTransfer, noun="client_transfer", view=transfer_view),
    Tells(record=ClientWallet, noun="client_wallet", view=wallet_view, find=_find),
)
