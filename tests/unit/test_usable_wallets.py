"""Every operation on a wallet refuses it in one order: missing, currency, frozen, closed, poor."""

from typing import Any, Final

import pytest

import payments.breaks.resolve
import payments.clientwallets.deposit
import payments.clientwallets.transfer
import payments.deposits.request
import payments.holds.capture
import payments.holds.create
import payments.payouts.cancel
import payments.payouts.check
import payments.payouts.request
import payments.payouts.resolve
import payments.payouts.submit
import payments.transfers.create
import payments.transfers.reverse
import payments.wallets.adjust
import payments.wallets.freeze
from payments.breaks.resolve import Place, Posting, ResolveBreak
from payments.breaks.tables import BreakKind, new_break
from payments.clientwallets.deposit import DepositToClientWallet
from payments.clientwallets.tables import TRANSFER_NUMBERS, ClientWallet
from payments.clientwallets.transfer import CreateClientTransfer
from payments.deposits.request import RequestDeposit
from payments.holds.capture import CaptureHold
from payments.holds.create import CreateHold
from payments.holds.tables import Hold
from payments.ledger.account import Account
from payments.ledger.chart import Kind, owned
from payments.operations.operation import Operation
from payments.operations.outcome import Applied, Refused
from payments.operations.record import Record
from payments.payouts.cancel import CancelPayout
from payments.payouts.check import CheckPayout
from payments.payouts.request import RequestPayout
from payments.payouts.resolve import ResolvePayout
from payments.payouts.submit import SubmitPayout
from payments.transfers.create import CreateTransfer
from payments.transfers.reverse import ReverseTransfer
from payments.transfers.tables import Transfer
from payments.wallets.adjust import AdjustWallet
from payments.wallets.freeze import FreezeWallet
from tests.fixtures.deciding import CONTEXT, NOW, account, state

ID: Final = CONTEXT.operation_id
OTHER: Final = account(owned(Kind.WALLET, 2, "RUB"), 1000)
MONEY: Final[dict[str, Any]] = {"minor": 100, "currency": "RUB"}
PAIR: Final[dict[str, Any]] = {"source_wallet_id": 1, "destination_wallet_id": 2}
CLIENTS: Final = tuple(ClientWallet(user_id=n, wallet_id=n, created_at=NOW) for n in (1, 2))
NUMBERS: Final = (TRANSFER_NUMBERS,)
PAYOUT: Final = RequestPayout(wallet_id=1, superpay_wallet_id="W", description="", **MONEY)
DEPOSIT: Final = RequestDeposit(
    wallet_id=1, description="", success_url="u", failure_url="u", locale="en", **MONEY
)
HOLD: Final = Hold(
    id=ID,
    wallet_id=1,
    purpose="hold",
    minor=100,
    captured_minor=0,
    released_minor=0,
    currency="RUB",
    description="",
    expires_at=None,
    created_at=NOW,
    closed_at=None,
)
TRANSFER: Final = Transfer(
    id=ID,
    source_wallet_id=2,
    destination_wallet_id=1,
    minor=100,
    currency="RUB",
    reversed_minor=0,
    reversal_of=None,
    description="",
    created_at=NOW,
)
BREAK: Final = new_break(
    "superpay",
    BreakKind.AMOUNT_MISMATCH,
    "1",
    merchant_id=1,
    subject_id=None,
    at_risk=(100, "RUB"),
    details={},
    found_by="test",
    now=NOW,
)
OUT: Final = Posting(source=Place(wallet_id=1), destination=Place(house="suspense"), **MONEY)


def wallet(minor: int = 1000, *, currency: str = "RUB", **status: bool) -> Account:
    """Wallet 1, which every operation here needs."""
    return account(owned(Kind.WALLET, 1, currency), minor, **status)


def held_payout() -> tuple[Record, ...]:
    """The rows of a payout that waits to be sent."""
    outcome = payments.payouts.request.decide(PAYOUT, state([wallet()], (), NUMBERS), CONTEXT)
    assert isinstance(outcome, Applied)
    return outcome.puts


PAYING: Final[tuple[tuple[Operation[Any], Any, tuple[Record, ...]], ...]] = (
    (
        payments.wallets.adjust.OPERATION,
        AdjustWallet(wallet_id=1, is_credit=False, reason="r", **MONEY),
        (),
    ),
    (payments.transfers.create.OPERATION, CreateTransfer(**PAIR, **MONEY), ()),
    (payments.transfers.reverse.OPERATION, ReverseTransfer(transfer_id=ID), (TRANSFER,)),
    (payments.holds.create.OPERATION, CreateHold(wallet_id=1, **MONEY), ()),
    (
        payments.clientwallets.transfer.OPERATION,
        CreateClientTransfer(user_id=1, **PAIR, **MONEY),
        CLIENTS,
    ),
    (payments.payouts.request.OPERATION, PAYOUT, ()),
    (
        payments.breaks.resolve.OPERATION,
        ResolveBreak(break_id=BREAK.id, reason="r", posting=OUT),
        (BREAK,),
    ),
)
USING: Final[tuple[tuple[Operation[Any], Any, tuple[Record, ...]], ...]] = (
    (
        payments.holds.capture.OPERATION,
        CaptureHold(hold_id=ID, destination_wallet_id=2),
        (HOLD,),
    ),
    (
        payments.clientwallets.deposit.OPERATION,
        DepositToClientWallet(wallet_id=1, **MONEY),
        CLIENTS,
    ),
    (payments.deposits.request.OPERATION, DEPOSIT, ()),
    (payments.payouts.submit.OPERATION, SubmitPayout(payout_id=ID), held_payout()),
)
UNUSABLE: Final = (
    ("wallet_not_found", ()),
    ("currency_mismatch", (wallet(currency="USD", is_frozen=True),)),
    ("wallet_frozen", (wallet(0, is_frozen=True),)),
    ("wallet_closed", (wallet(0, is_closed=True),)),
)
ROWS: Final = [
    (*operation, code, accounts)
    for operations, unusable in (
        (USING, UNUSABLE),
        (PAYING, (*UNUSABLE, ("insufficient_funds", (wallet(99),)))),
    )
    for operation in operations
    for code, accounts in unusable
]


@pytest.mark.parametrize(("operation", "intent", "rows", "code", "accounts"), ROWS)
def test_a_wallet_that_cannot_be_used_is_refused(
    operation: Operation[Any],
    intent: Any,
    rows: tuple[Record, ...],
    code: str,
    accounts: tuple[Account, ...],
) -> None:
    outcome = operation.decide(intent, state([OTHER, *accounts], rows, NUMBERS), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == code


@pytest.mark.parametrize(
    ("operation", "intent", "accounts", "code"),
    [
        (
            payments.transfers.create.OPERATION,
            CreateTransfer(**{**PAIR, "destination_wallet_id": 1}, **MONEY),
            [],
            "same_wallet",
        ),
        (
            payments.wallets.freeze.OPERATION,
            FreezeWallet(wallet_id=1, is_frozen=True),
            [],
            "wallet_not_found",
        ),
        (
            payments.wallets.freeze.OPERATION,
            FreezeWallet(wallet_id=1, is_frozen=False),
            [wallet(0, is_closed=True)],
            "wallet_closed",
        ),
        (payments.payouts.cancel.OPERATION, CancelPayout(payout_id=ID), [], "payout_not_found"),
        (
            payments.payouts.check.OPERATION,
            CheckPayout(payout_id=ID, checks=0, resend_after_s=1),
            [],
            "payout_not_found",
        ),
        (
            payments.payouts.resolve.OPERATION,
            ResolvePayout(payout_id=ID, resolution="paid", reason="r"),
            [],
            "payout_not_found",
        ),
    ],
)
def test_what_is_not_there_is_refused(
    operation: Operation[Any], intent: Any, accounts: list[Account], code: str
) -> None:
    outcome = operation.decide(intent, state(accounts), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == code
