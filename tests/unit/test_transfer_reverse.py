"""A row for each refusal of a reversal: no more than was moved, nothing through a frozen wallet."""

from uuid import UUID

import pytest

from payments.ledger import chart
from payments.ledger.chart import Kind
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import INSUFFICIENT_FUNDS
from payments.transfers.refusals import ALREADY_REVERSED, NOT_REVERSIBLE, TRANSFER_NOT_FOUND
from payments.transfers.reverse import ReverseTransfer, decide
from payments.transfers.tables import Transfer
from payments.wallets.refusals import WALLET_FROZEN
from tests.fixtures.deciding import CONTEXT, NOW, account, state

ID = UUID(int=3)


def transfer(reversed_minor: int = 0, reversal_of: UUID | None = None) -> Transfer:
    """A thousand from wallet 1 to wallet 2."""
    return Transfer(
        id=ID,
        source_wallet_id=1,
        destination_wallet_id=2,
        minor=1000,
        currency="RUB",
        reversed_minor=reversed_minor,
        reversal_of=reversal_of,
        description="",
        created_at=NOW,
    )


def reverse(
    row: Transfer | None, minor: int | None, has: int = 1000, frozen: tuple[int, ...] = ()
) -> object:
    """The outcome; the receiver still `has` that much."""
    wallets = [
        account(chart.owned(Kind.WALLET, n, "RUB"), money, is_frozen=n in frozen)
        for n, money in ((1, 0), (2, has))
    ]
    rows = [] if row is None else [row]
    return decide(ReverseTransfer(transfer_id=ID, minor=minor), state(wallets, rows), CONTEXT)


@pytest.mark.parametrize(
    ("row", "minor", "has", "frozen", "reason"),
    [
        (None, None, 1000, (), TRANSFER_NOT_FOUND),
        (transfer(reversal_of=UUID(int=9)), None, 1000, (), NOT_REVERSIBLE),
        (transfer(1000), None, 1000, (), ALREADY_REVERSED),
        (transfer(600), 401, 1000, (), ALREADY_REVERSED),
        (transfer(), None, 999, (), INSUFFICIENT_FUNDS),
        (transfer(), None, 1000, (2,), WALLET_FROZEN),
        (transfer(), None, 1000, (1,), WALLET_FROZEN),
    ],
)
def test_refused(
    row: Transfer | None, minor: int | None, has: int, frozen: tuple[int, ...], reason: Refusal
) -> None:
    outcome = reverse(row, minor, has, frozen)
    assert isinstance(outcome, Refused)
    assert outcome.refusal is reason


@pytest.mark.parametrize(("minor", "moved"), [(None, 400), (400, 400), (1, 1)])
def test_what_is_left_goes_back(minor: int | None, moved: int) -> None:
    outcome = reverse(transfer(600), minor, has=400)
    assert isinstance(outcome, Applied)
    legs = {leg.account_id: leg.minor for leg in outcome.legs}
    assert legs == {chart.wallet(2): -moved, chart.wallet(1): moved}
