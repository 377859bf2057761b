"""Closing a wallet: only an empty one, and once."""

import msgspec
import pytest

from payments.ledger.account import Account
from payments.ledger.chart import AccountStatus, Kind, owned
from payments.operations.outcome import Applied, Refused
from payments.wallets.close import CloseWallet, decide
from tests.fixtures.deciding import CONTEXT, account, fields_of, state

WALLET = owned(Kind.WALLET, 1, "RUB")
CLOSE = CloseWallet(wallet_id=1)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_an_empty_wallet_is_closed(is_frozen: bool) -> None:  # noqa: FBT001 - a column
    outcome = decide(CLOSE, state([account(WALLET, is_frozen=is_frozen)]), CONTEXT)
    assert isinstance(outcome, Applied)
    assert outcome.statuses == ((WALLET.id, AccountStatus.CLOSED),)
    assert (outcome.legs, outcome.reserves) == ((), ())
    assert fields_of(outcome) == {"wallet_id": 1, "wallet_status": "closed"}


@pytest.mark.parametrize(
    ("accounts", "code"),
    [
        ([], "wallet_not_found"),
        ([account(WALLET, is_closed=True)], "wallet_closed"),
        ([account(WALLET, 1)], "wallet_not_empty"),
        (
            [msgspec.structs.replace(account(WALLET, 5), debits_pending=5)],
            "wallet_not_empty",
        ),
    ],
)
def test_others_are_not(accounts: list[Account], code: str) -> None:
    outcome = decide(CLOSE, state(accounts), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == code
