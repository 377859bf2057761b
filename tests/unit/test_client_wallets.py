"""What is decided about client wallets, one row a refusal."""

from typing import Any

import pytest

from payments.clientwallets import deposit, transfer
from payments.clientwallets import open as opening
from payments.clientwallets.deposit import DepositToClientWallet
from payments.clientwallets.open import OpenClientWallet
from payments.clientwallets.refusals import SOURCE_WALLET_NOT_OWNED, USER_ALREADY_HAS_WALLET
from payments.clientwallets.tables import TRANSFER_NUMBERS, ClientTransfer, ClientWallet
from payments.clientwallets.transfer import CreateClientTransfer
from payments.ledger import chart
from payments.ledger.chart import Kind, house, owned
from payments.ledger.posting import move
from payments.operations.operation import State
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import CURRENCY_MISMATCH, INSUFFICIENT_FUNDS
from payments.wallets.refusals import SAME_WALLET, WALLET_FROZEN, WALLET_NOT_FOUND
from payments.wallets.tables import WALLET_NUMBERS, Wallet
from tests.fixtures.deciding import CONTEXT, NOW, account, fields_of, state

OPENING = house(Kind.OPENING, "USD").id


def client(user_id: int, wallet_id: int) -> ClientWallet:
    return ClientWallet(user_id=user_id, wallet_id=wallet_id, created_at=NOW)


def two_clients(minor: int = 1000, *, frozen: int = 0, dest_currency: str = "USD") -> State:
    """User 1 has wallet 11 with money, user 2 has wallet 12; wallet 13 is nobody's here."""
    currencies = {11: "USD", 12: dest_currency, 13: "USD"}
    accounts = [
        account(
            owned(Kind.WALLET, number, currency),
            minor if number == 11 else 0,
            is_frozen=number == frozen,
        )
        for number, currency in currencies.items()
    ]
    accounts.append(account(house(Kind.OPENING, "USD"), -minor))
    return state(accounts, [client(1, 11), client(2, 12)], [TRANSFER_NUMBERS, WALLET_NUMBERS])


def test_a_wallet_opens_with_its_money() -> None:
    found = opening.decide(
        OpenClientWallet(user_id=3, minor=710000, currency="USD"), two_clients(), CONTEXT
    )
    assert isinstance(found, Applied)
    assert found.opens == (owned(Kind.WALLET, 1, "USD"),)
    assert found.legs == move(OPENING, chart.wallet(1), 710000)
    assert [type(p) for p in found.puts] == [Wallet, ClientWallet]
    assert (fields_of(found)["wallet_id"], fields_of(found)["balance"]) == (1, "7100.00")


def test_a_wallet_may_open_empty() -> None:
    intent = OpenClientWallet(user_id=3, minor=0, currency="USD")
    found = opening.decide(intent, two_clients(), CONTEXT)
    assert isinstance(found, Applied)
    assert found.legs == ()
    assert opening.accounts(intent, two_clients()) == ()


def test_a_second_wallet_is_refused_in_any_currency() -> None:
    found = opening.decide(
        OpenClientWallet(user_id=1, minor=5, currency="EUR"), two_clients(), CONTEXT
    )
    assert isinstance(found, Refused)
    assert found.refusal is USER_ALREADY_HAS_WALLET


def test_a_transfer_is_numbered_and_kept() -> None:
    intent = CreateClientTransfer(
        user_id=1, source_wallet_id=11, destination_wallet_id=12, minor=1000, currency="USD"
    )
    found = transfer.decide(intent, two_clients(), CONTEXT)
    assert isinstance(found, Applied)
    assert found.legs == move(chart.wallet(11), chart.wallet(12), 1000)
    row = found.puts[0]
    assert isinstance(row, ClientTransfer)
    assert (row.id, row.reason, row.minor) == (1, None, 1000)
    assert fields_of(found)["transaction_id"] == 1


@pytest.mark.parametrize(
    ("reason", "changes", "given"),
    [
        (SAME_WALLET, {"destination_wallet_id": 11}, {}),
        (WALLET_NOT_FOUND, {"source_wallet_id": 99}, {}),
        (WALLET_NOT_FOUND, {"destination_wallet_id": 13}, {}),
        (WALLET_NOT_FOUND, {"destination_wallet_id": 2**53 - 1}, {}),
        (SOURCE_WALLET_NOT_OWNED, {"user_id": 2}, {}),
        (CURRENCY_MISMATCH, {"currency": "EUR"}, {}),
        (CURRENCY_MISMATCH, {}, {"dest_currency": "EUR"}),
        (WALLET_FROZEN, {}, {"frozen": 11}),
        (WALLET_FROZEN, {}, {"frozen": 12}),
        (INSUFFICIENT_FUNDS, {"minor": 1001}, {}),
        # precedence: what is wrong with the request comes before what is wrong with the money
        (SAME_WALLET, {"destination_wallet_id": 11, "user_id": 2}, {}),
        (SOURCE_WALLET_NOT_OWNED, {"user_id": 2, "minor": 5000}, {"frozen": 11}),
    ],
)
def test_a_refused_transfer_is_kept_too(
    reason: Refusal, changes: dict[str, Any], given: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {"user_id": 1, "source_wallet_id": 11, "destination_wallet_id": 12}
    intent = CreateClientTransfer(**(wanted | {"minor": 1000, "currency": "USD"} | changes))
    found = transfer.decide(intent, two_clients(**given), CONTEXT)
    assert isinstance(found, Refused)
    assert found.refusal is reason
    row = found.puts[0]
    assert isinstance(row, ClientTransfer)
    assert (row.id, row.reason) == (1, reason.code)
    assert fields_of(found)["transaction_id"] == 1


def test_a_deposit_comes_from_the_house() -> None:
    intent = DepositToClientWallet(wallet_id=12, minor=250, currency="USD")
    found = deposit.decide(intent, two_clients(), CONTEXT)
    assert isinstance(found, Applied)
    assert found.legs == move(OPENING, chart.wallet(12), 250)
    assert (fields_of(found)["user_id"], fields_of(found)["balance"]) == (2, "2.50")


@pytest.mark.parametrize(
    ("reason", "changes", "given"),
    [
        (WALLET_NOT_FOUND, {"wallet_id": 99}, {}),
        (WALLET_NOT_FOUND, {"wallet_id": 13}, {}),
        (WALLET_NOT_FOUND, {"user_id": 1}, {}),
        (CURRENCY_MISMATCH, {"currency": "EUR"}, {}),
        (WALLET_FROZEN, {}, {"frozen": 12}),
    ],
)
def test_a_deposit_is_refused(
    reason: Refusal, changes: dict[str, Any], given: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {"wallet_id": 12, "minor": 1, "currency": "USD"}
    intent = DepositToClientWallet(**(wanted | changes))
    found = deposit.decide(intent, two_clients(**given), CONTEXT)
    assert isinstance(found, Refused)
    assert found.refusal is reason
