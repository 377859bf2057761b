"""A row for each refusal of a transaction: which posting, and why; the rest moves on the sum."""

from datetime import timedelta

import pytest

from payments.accounts.open import OpenAccount
from payments.accounts.open import decide as open_account
from payments.kernel.clock import rfc3339
from payments.ledger.account import HOUSE_MAX, OWNED_MAX, Account
from payments.ledger.chart import Guard, Kind, named, owned
from payments.ledger.posting import Leg
from payments.operations.outcome import Applied, Refusal, Refused
from payments.operations.refusals import (
    ACCOUNT_EXISTS,
    ACCOUNT_NOT_FOUND,
    BALANCE_LIMIT,
    CURRENCY_MISMATCH,
    INSUFFICIENT_FUNDS,
)
from payments.transactions.create import CreateTransaction, Posting, PostingErrors, decide
from payments.transactions.refusals import PERIOD_CLOSED
from payments.wallets.refusals import WALLET_CLOSED, WALLET_FROZEN, WALLET_NOT_FOUND
from tests.fixtures.deciding import CONTEXT, account, fields_of, state

ACCOUNTS = [
    account(owned(Kind.WALLET, 1, "RUB"), 1000),
    account(owned(Kind.WALLET, 2, "RUB")),
    account(owned(Kind.WALLET, 3, "USD"), 1000),
    account(owned(Kind.WALLET, 4, "RUB"), 1000, is_frozen=True),
    account(owned(Kind.WALLET, 5, "RUB"), is_closed=True),
    account(named("fees", "RUB")),
    account(named("loans", "RUB", allow_negative=True)),
    account(owned(Kind.WALLET, 6, "RUB"), OWNED_MAX),
    account(named("spent", "RUB", allow_negative=True), -HOUSE_MAX),
]


def posting(source: str, destination: str, minor: int, currency: str = "RUB") -> Posting:
    return Posting(source=source, destination=destination, minor=minor, currency=currency)


@pytest.mark.parametrize(
    ("bad", "side", "refusal"),
    [
        (posting("wallet:9", "wallet:2", 1), "source", WALLET_NOT_FOUND),
        (posting("wallet:1", "account:none", 1), "destination", ACCOUNT_NOT_FOUND),
        (posting("wallet:1", "account:fees", 1, "USD"), "source", CURRENCY_MISMATCH),
        (posting("wallet:1", "wallet:3", 1), "destination", CURRENCY_MISMATCH),
        (posting("wallet:4", "wallet:2", 1), "source", WALLET_FROZEN),
        (posting("wallet:1", "wallet:5", 1), "destination", WALLET_CLOSED),
        (posting("wallet:1", "wallet:2", 1001), "source", INSUFFICIENT_FUNDS),
        (posting("account:fees", "wallet:2", 12), "source", INSUFFICIENT_FUNDS),
        (posting("wallet:1", "wallet:6", 1), "destination", BALANCE_LIMIT),
        (posting("account:spent", "wallet:2", 1), "source", BALANCE_LIMIT),
    ],
)
def test_one_bad_posting_refuses_all(bad: Posting, side: str, refusal: Refusal) -> None:
    good = posting("wallet:1", "account:fees", 11 if refusal is INSUFFICIENT_FUNDS else 1)
    outcome = decide(CreateTransaction(postings=(good, bad)), state(ACCOUNTS), CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == refusal.code
    assert isinstance(outcome.result, PostingErrors)
    assert outcome.result.errors[-1].field == f"postings[1].{side}" or bad.source == "wallet:1"
    assert {e.code for e in outcome.result.errors} >= {refusal.code}


def test_money_passes_through_an_empty_account_and_below_zero_where_it_may() -> None:
    outcome = decide(
        CreateTransaction(
            postings=(
                posting("wallet:2", "account:fees", 7),
                posting("account:loans", "wallet:2", 7),
            )
        ),
        state(ACCOUNTS),
        CONTEXT,
    )
    assert isinstance(outcome, Applied)
    assert outcome.legs == (
        Leg(owned(Kind.WALLET, 2, "RUB").id, -7),
        Leg(named("fees", "RUB").id, 7),
        Leg(named("loans", "RUB").id, -7),
        Leg(owned(Kind.WALLET, 2, "RUB").id, 7),
    )
    assert fields_of(outcome)["postings"][0]["amount"] == "0.07"


@pytest.mark.parametrize("accounts", [[], ACCOUNTS])
def test_a_name_is_opened_once_in_a_currency(accounts: list[Account]) -> None:
    intent = OpenAccount(name="fees", currency="RUB", allow_negative=True)
    outcome = open_account(intent, state(accounts), CONTEXT)
    if accounts:
        assert isinstance(outcome, Refused)
        assert outcome.refusal is ACCOUNT_EXISTS
    else:
        assert isinstance(outcome, Applied)
        assert [spec.guard for spec in outcome.opens] == [Guard.NONE]


@pytest.mark.parametrize(("hours", "is_refused"), [(-1, True), (0, False), (1, False)])
def test_a_balance_that_was_answered_stays(hours: int, *, is_refused: bool) -> None:
    until = CONTEXT.now - timedelta(days=1)
    receiver = account(owned(Kind.WALLET, 2, "RUB"))
    receiver.effective_until = until
    intent = CreateTransaction(
        postings=(posting("wallet:1", "wallet:2", 1),),
        effective_at=rfc3339(until + timedelta(hours=hours)),
    )
    outcome = decide(intent, state([ACCOUNTS[0], receiver]), CONTEXT)
    if not is_refused:
        assert isinstance(outcome, Applied)
        return
    assert isinstance(outcome, Refused)
    assert outcome.refusal.code == PERIOD_CLOSED.code
    assert isinstance(outcome.result, PostingErrors)
    assert [(e.index, e.field) for e in outcome.result.errors] == [(0, "postings[0].destination")]


def test_what_counts_from_later_counts_from_now() -> None:
    intent = CreateTransaction(
        postings=(posting("wallet:1", "wallet:2", 1),),
        effective_at=rfc3339(CONTEXT.now + timedelta(seconds=1)),
    )
    outcome = decide(intent, state(ACCOUNTS), CONTEXT)
    assert isinstance(outcome, Applied)
    assert outcome.about is not None
    assert outcome.about.effective_at == CONTEXT.now
