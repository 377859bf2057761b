"""Which accounts a consumer keeps, and for how long it keeps none."""

import pytest

from payments.kernel.ids import AccountId
from payments.ledger.account import Account, new_account
from payments.ledger.chart import Kind, owned
from payments.operations import kept
from payments.operations.kept import Kept


def test_the_half_used_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_HALF_MAX", 4)
    held = Kept()
    for number in range(1, 12):
        held.keep(accounts(number))
        assert held.take(accounts(1)), "it is used each time"
        held.keep(accounts(1))
    assert len(held) <= 8
    assert not held.take(accounts(2))
    assert held.take(accounts(11))


def test_among_others_accounts_are_kept_within_a_shift_only() -> None:
    held = Kept()
    held.keep(accounts(1))
    held.meet(60)
    assert not held.take(accounts(1))
    held.keep(accounts(1))
    assert not held.take(accounts(1)), "another consumer may write it at any moment"
    held.enter(7)
    held.keep(accounts(1))
    held.enter(7)
    assert held.take(accounts(1))
    held.keep(accounts(1))
    held.enter(8)
    assert not held.take(accounts(1)), "others have written since"
    held.keep(accounts(1))
    held.enter(0)
    assert not held.is_open()
    assert not held.take(accounts(1))


def accounts(*numbers: int) -> dict[AccountId, Account]:
    made = [new_account(owned(Kind.WALLET, number, "RUB")) for number in numbers]
    return {account.id: account for account in made}
