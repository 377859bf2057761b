"""A row for each refusal of a reversal, of a wallet's change and of a hold that is extended."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from payments.holds.extend import ExtendHold
from payments.holds.extend import decide as extend
from payments.holds.tables import Hold
from payments.ledger.account import Account
from payments.ledger.chart import Kind, owned
from payments.operations.outcome import Applied, Outcome, Refused
from payments.operations.record import Record
from payments.operations.transaction import Transaction
from payments.transactions.reverse import ReverseTransaction, decide
from payments.wallets.change import ChangeWallet
from payments.wallets.change import decide as change
from payments.wallets.tables import Wallet
from tests.fixtures.deciding import CONTEXT, NOW, account, state

ID = UUID(int=3)
PAYER, PAYEE = owned(Kind.WALLET, 1, "RUB"), owned(Kind.WALLET, 2, "RUB")
MADE = Transaction(
    id=ID,
    operation_id=ID,
    kind="transaction.create",
    actor="client:shop",
    currency_number=643,
    minor=1000,
    postings=msgspec.Raw(b"[[1,2,1000,643]]"),
    created_at=NOW,
    reference=None,
    description=None,
    metadata=None,
    effective_at=None,
    reversal_of=None,
    reversed_by=None,
)


def code_of(outcome: Outcome) -> str:
    return outcome.refusal.code if isinstance(outcome, Refused) else ""


@pytest.mark.parametrize(
    ("row", "payee", "code"),
    [
        (MADE, account(PAYEE, 1000), ""),
        (None, account(PAYEE, 1000), "transaction_not_found"),
        (MADE.changed(kind="payout.observe"), account(PAYEE, 1000), "not_reversible"),
        (MADE.changed(reversed_by=UUID(int=4)), account(PAYEE, 1000), "already_reversed"),
        (MADE, account(PAYEE, 1000, is_frozen=True), "wallet_frozen"),
        (MADE, account(PAYEE, is_closed=True), "wallet_closed"),
        (MADE, account(PAYEE, 999), "insufficient_funds"),
    ],
)
def test_a_reversal(row: Transaction | None, payee: Account, code: str) -> None:
    rows: list[Record] = [] if row is None else [row]
    intent = ReverseTransaction(transaction_id=ID)
    assert code_of(decide(intent, state([account(PAYER), payee], rows), CONTEXT)) == code


def test_force_names_the_account_that_goes_below() -> None:
    intent = ReverseTransaction(transaction_id=ID, is_forced=True)
    before = state([account(PAYER), account(PAYEE, 999)], [MADE])
    outcome = decide(intent, before, CONTEXT)
    assert isinstance(outcome, Applied)
    assert outcome.forces == (PAYEE.id,)
    before.balances.post(outcome.legs, CONTEXT.operation_id, NOW, outcome.forces)
    payee = before.balances.accounts[PAYEE.id]
    assert (payee.balance, payee.forced_debt, payee.available) == (-1, 1, -1)


def wallet(members: int = 0) -> Wallet:
    metadata = msgspec.json.encode({str(n): n for n in range(members)})
    return Wallet(
        id=1,
        currency="RUB",
        owner="",
        created_by="",
        metadata=msgspec.Raw(metadata),
        created_at=NOW,
    )


OVERDRAWN = msgspec.structs.replace(account(PAYER, -7), overdraft_limit=9)


@pytest.mark.parametrize(
    ("row", "its", "limit", "code"),
    [
        (wallet(), account(PAYER), 500, ""),
        (None, account(PAYER), 500, "wallet_not_found"),
        (wallet(), account(PAYER, is_closed=True), 500, "wallet_closed"),
        (
            wallet(),
            msgspec.structs.replace(account(PAYER, -7), overdraft_limit=9),
            6,
            "overdraft_in_use",
        ),
        (wallet(), OVERDRAWN, 7, ""),
        (wallet(50), account(PAYER), 500, "metadata_full"),
    ],
)
def test_a_change(row: Wallet | None, its: Account, limit: int, code: str) -> None:
    intent = ChangeWallet(wallet_id=1, metadata=msgspec.Raw(b'{"k":1}'), overdraft_minor=limit)
    rows: list[Record] = [] if row is None else [row]
    assert code_of(change(intent, state([its], rows), CONTEXT)) == code


@pytest.mark.parametrize(
    ("purpose", "left_s", "is_closed", "code"),
    [
        ("hold", 1, False, ""),
        ("payout", 1, False, "hold_not_found"),
        ("hold", 0, False, "hold_closed"),
        ("hold", 1, True, "hold_closed"),
    ],
)
def test_an_extension(purpose: str, left_s: int, is_closed: bool, code: str) -> None:  # noqa: FBT001 - a column
    hold = Hold(
        id=ID,
        wallet_id=1,
        purpose=purpose,
        minor=5,
        captured_minor=0,
        released_minor=5 if is_closed else 0,
        currency="RUB",
        description="",
        expires_at=NOW + timedelta(seconds=left_s),
        created_at=NOW,
        closed_at=NOW if is_closed else None,
    )
    intent = ExtendHold(hold_id=ID, expires_in_s=60)
    outcome = extend(intent, state([account(PAYER, 5)], [hold]), CONTEXT)
    assert code_of(outcome) == code
