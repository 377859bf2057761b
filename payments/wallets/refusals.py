"""Why an operation on wallets is refused, for every capability that moves money between them."""

from payments.kernel.ids import AccountId
from payments.ledger.balances import Account
from payments.operations.operation import State
from payments.operations.outcome import Reason, Refused


class WalletRefusal(Reason):
    """In order of precedence."""

    SAME_WALLET = "same_wallet", 409
    WALLET_NOT_FOUND = "wallet_not_found", 404
    CURRENCY_MISMATCH = "currency_mismatch", 409
    WALLET_FROZEN = "wallet_frozen", 409
    INSUFFICIENT_FUNDS = "insufficient_funds", 402


def usable(state: State, account_id: AccountId, currency: str) -> Account | Refused:
    """The open account of that currency, or why it cannot be used."""
    account = state.account(account_id)
    if account is None:
        return Refused(reason=WalletRefusal.WALLET_NOT_FOUND)
    if account.currency != currency:
        return Refused(reason=WalletRefusal.CURRENCY_MISMATCH)
    if account.is_frozen:
        return Refused(reason=WalletRefusal.WALLET_FROZEN)
    return account


def payer(state: State, account_id: AccountId, currency: str, minor: int) -> Account | Refused:
    """The account if it can pay `minor` now, or why it cannot."""
    account = usable(state, account_id, currency)
    if isinstance(account, Account) and account.available < minor:
        return Refused(reason=WalletRefusal.INSUFFICIENT_FUNDS)
    return account
