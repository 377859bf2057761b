"""Why an operation on wallets is refused, for every capability that moves money between them."""

from typing import Final

from payments.kernel.ids import AccountId
from payments.ledger.account import Account
from payments.ledger.chart import AccountStatus
from payments.operations.operation import State
from payments.operations.outcome import Refusal, Refused
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS, NEW_KEY

SAME_WALLET: Final = Refusal(
    "same_wallet",
    409,
    "Source and destination are the same wallet. Name two.",
)
WALLET_NOT_FOUND: Final = Refusal(
    "wallet_not_found",
    404,
    "There is no such wallet. Check the numbers of the wallets named.",
)
WALLET_FROZEN: Final = Refusal(
    "wallet_frozen",
    409,
    "A wallet of this operation is frozen: no money goes that way. Ask again when it is "
    "unfrozen, " + NEW_KEY,
)

WALLET_CLOSED: Final = Refusal(
    "wallet_closed",
    409,
    "A wallet of this operation is closed for ever: no money goes in or out. Name another.",
)
WALLET_NOT_EMPTY: Final = Refusal(
    "wallet_not_empty",
    409,
    "Only an empty wallet can be closed: take its balance out and let its holds end first.",
)
OVERDRAFT_IN_USE: Final = Refusal(
    "overdraft_in_use",
    409,
    "More than this limit is overdrawn already. Pay in first, or name a larger limit.",
)
USABLE_REFUSALS: Final = (WALLET_NOT_FOUND, CURRENCY_MISMATCH, WALLET_FROZEN, WALLET_CLOSED)
"""What `usable` may give, in order of precedence."""
_OPEN: Final = AccountStatus.OPEN.value
_CLOSED: Final = AccountStatus.CLOSED.value
PAYER_REFUSALS: Final = (*USABLE_REFUSALS, INSUFFICIENT_FUNDS)
"""What `payer` may give, in order of precedence."""


def objection(account: Account | None, currency: str, *, is_payer: bool) -> Refusal | None:
    """Why a wallet's account cannot pay, or be paid, in that currency."""
    if account is None:
        return WALLET_NOT_FOUND
    if account.currency != currency:
        return CURRENCY_MISMATCH
    if account.status == _OPEN:  # nearly always
        return None
    if account.status == _CLOSED:
        return WALLET_CLOSED
    return None if account.lets(is_debit=is_payer) else WALLET_FROZEN


def usable(
    state: State, account_id: AccountId, currency: str, *, is_payer: bool = False
) -> Account | Refused:
    """The account if money of that currency may go in (out, for a payer), or why it may not."""
    account = state.balances.accounts.get(account_id)
    refusal = objection(account, currency, is_payer=is_payer)
    if account is None or refusal is not None:
        return Refused(refusal=refusal or WALLET_NOT_FOUND)
    return account


def payer(state: State, account_id: AccountId, currency: str, minor: int) -> Account | Refused:
    """The account if it can pay `minor` now, or why it cannot."""
    account = usable(state, account_id, currency, is_payer=True)
    if isinstance(account, Account) and account.available < minor:
        return Refused(refusal=INSUFFICIENT_FUNDS)
    return account
