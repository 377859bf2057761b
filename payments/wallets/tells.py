"""Wallets as events tell them: the row, and the money of its account after the operation."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from payments.kernel.clock import rfc3339
from payments.kernel.money import currency_of, format_minor
from payments.ledger import chart
from payments.ledger.chart import AccountStatus
from payments.operations.operation import State
from payments.operations.record import Ref
from payments.operations.telling import Tells
from payments.wallets.freeze import FreezeWallet
from payments.wallets.queries import WalletView
from payments.wallets.status import freeze_direction, wallet_status
from payments.wallets.tables import Wallet


def refs(intent: Any) -> Iterable[Ref]:
    """The wallet that an intent names: only opening one names none."""
    wallet_id = getattr(intent, "wallet_id", None)
    return () if wallet_id is None else (Ref(Wallet, chart.wallet(wallet_id)),)


def find(intent: Any, state: State) -> Wallet | None:
    """The row of that wallet."""
    return state.record(Wallet, chart.wallet(intent.wallet_id))


def view(wallet: Wallet, state: State, now: datetime) -> WalletView | None:
    """The wallet as its GET gives it; holds that have ended do not count."""
    account = state.account(chart.wallet(wallet.id))
    if account is None:
        return None
    over = () if state.endings is None else state.endings.over([account.id], now)
    held = account.held + sum(one.reserve.minor for one in over)
    currency = currency_of(wallet.currency)
    return WalletView(
        wallet_id=wallet.id,
        currency=wallet.currency,
        owner=wallet.owner,
        metadata=wallet.metadata,
        status=wallet_status(AccountStatus(account.status)),
        balance=format_minor(account.balance, currency),
        available=format_minor(account.balance - held + account.overdraft_limit, currency),
        held=format_minor(held, currency),
        created_at=rfc3339(wallet.created_at),
        overdraft_limit=format_minor(account.overdraft_limit, currency),
        freeze_direction=freeze_direction(AccountStatus(account.status)),
        freeze_reason=wallet.freeze_reason or "",
    )


def called(intent: Any) -> str | None:
    """One kind freezes and unfreezes."""
    if not isinstance(intent, FreezeWallet):
        return None
    return "frozen" if intent.is_frozen else "unfrozen"


TELLS: Final = Tells(
    record=Wallet,
    noun="wallet",
    view=view,
    refs=refs,
    find=find,
    called=called,
    words=("frozen", "unfrozen"),
)
