"""Money in memory: legs balance, guards hold, time does not go back."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from payments.kernel.errors import InvalidCurrency
from payments.kernel.ids import AccountId
from payments.kernel.sql import load_sql
from payments.ledger import lock
from payments.ledger.account import FOLD, HOUSE_MAX, OWNED_MAX, Account, fold, new_account
from payments.ledger.balances import BalanceLimit, Balances, GuardBroken, Unbalanced
from payments.ledger.chart import LOCAL_MAX, AccountSpec, Kind, account_id, house, owned, wallet
from payments.ledger.posting import Leg, Reserve, entry_of, move

NOW = datetime(2026, 11, 20, tzinfo=UTC)
OPERATION = UUID(int=7)
ALICE, BOB, HOUSE = (
    owned(Kind.WALLET, 1, "RUB"),
    owned(Kind.WALLET, 2, "RUB"),
    house(Kind.OPENING, "RUB"),
)
DOLLARS = owned(Kind.WALLET, 3, "USD")
OTHER_BOOK = owned(Kind.BANK_ACCOUNT, 1, "RUB", book=9)


def balances(alice: int = 100) -> Balances:
    accounts = [new_account(s) for s in (ALICE, BOB, HOUSE, DOLLARS, OTHER_BOOK)]
    accounts[0].credits_posted = alice
    accounts[4].credits_posted = 1000
    return Balances(accounts)


def test_move_changes_both_sides_and_numbers_the_entries() -> None:
    b = balances()
    b.post(move(ALICE.id, BOB.id, 30), OPERATION, NOW)
    b.post(move(ALICE.id, BOB.id, 70), OPERATION, NOW)
    assert (b.accounts[ALICE.id].balance, b.accounts[BOB.id].balance) == (0, 100)
    assert [(e[0], e[1], e[2], e[3]) for e in map(entry_of, b.entries)] == [
        (ALICE.id, 1, -30, 70),
        (BOB.id, 1, 30, 30),
        (ALICE.id, 2, -70, 0),
        (BOB.id, 2, 70, 100),
    ]


@pytest.mark.parametrize(
    ("legs", "why"),
    [
        ((Leg(ALICE.id, -1), Leg(BOB.id, 2)), "sum"),
        ((Leg(ALICE.id, -1), Leg(DOLLARS.id, 1)), "currencies do not mix"),
        ((Leg(ALICE.id, -1), Leg(OTHER_BOOK.id, 1)), "each book balances on its own"),
        ((Leg(ALICE.id, 0), Leg(BOB.id, 0)), "a leg of zero says nothing"),
    ],
)
def test_unbalanced_legs_are_a_crash(legs: tuple[Leg, ...], why: str) -> None:
    with pytest.raises(Unbalanced):
        _check_and_post(legs)
    assert why


def _check_and_post(legs: tuple[Leg, ...]) -> None:
    b = balances()
    b.check(legs)
    b.post(legs, OPERATION, NOW)


@pytest.mark.parametrize(
    ("spec", "limit"), [(ALICE, OWNED_MAX), (HOUSE, HOUSE_MAX), (HOUSE, -HOUSE_MAX)]
)
@pytest.mark.case("M7")
def test_a_balance_ends_before_its_column_does(spec: AccountSpec, limit: int) -> None:
    b = balances(alice=limit)
    step = 1 if limit > 0 else -1
    counter = "credits_posted" if limit > 0 else "debits_posted"
    setattr(b.accounts[spec.id], counter, abs(limit) - 1)
    b.check((Leg(spec.id, step), Leg(BOB.id, -step)))
    setattr(b.accounts[spec.id], counter, abs(limit))
    with pytest.raises(BalanceLimit):
        b.check((Leg(spec.id, step), Leg(BOB.id, -step)))
    b.check((Leg(spec.id, -step), Leg(BOB.id, step)))


@pytest.mark.case("M7")
@pytest.mark.parametrize("balance", [-HOUSE_MAX, -1, 0, 1, HOUSE_MAX])
def test_turnover_is_no_limit(balance: int) -> None:
    account = balances().accounts[HOUSE.id]
    account.credits_posted, account.debits_posted = 2**80 + balance, 2**80
    fold(account)
    assert account.balance == balance
    assert 0 <= min(account.credits_posted, account.debits_posted) < FOLD
    assert max(account.credits_posted, account.debits_posted) < 2**63


def test_a_guarded_account_cannot_go_below_zero_but_a_house_account_can() -> None:
    with pytest.raises(GuardBroken):
        balances(alice=29).post(move(ALICE.id, BOB.id, 30), OPERATION, NOW)
    b = balances()
    b.post(move(HOUSE.id, BOB.id, 30), OPERATION, NOW)
    assert b.accounts[HOUSE.id].balance == -30


def test_held_money_cannot_be_spent() -> None:
    b = balances(alice=100)
    b.reserve([Reserve(ALICE.id, 80)])
    assert b.accounts[ALICE.id].available == 20
    with pytest.raises(GuardBroken):
        b.post(move(ALICE.id, BOB.id, 21), OPERATION, NOW)


def test_more_than_is_free_cannot_be_held_and_more_than_is_held_cannot_be_let_go() -> None:
    with pytest.raises(GuardBroken):
        balances(alice=100).reserve([Reserve(ALICE.id, 101)])
    with pytest.raises(GuardBroken):
        balances(alice=100).reserve([Reserve(ALICE.id, -1)])


def test_entry_times_of_an_account_never_go_back() -> None:
    b = balances()
    b.post(move(ALICE.id, BOB.id, 1), OPERATION, NOW)
    b.post(move(ALICE.id, BOB.id, 1), OPERATION, NOW - timedelta(hours=1))
    times = [e[4] for e in map(entry_of, b.entries) if e[0] == ALICE.id]
    assert times == sorted(times) == [NOW, NOW]


def test_debit_guard_is_the_mirror() -> None:
    account = Account(AccountId(5), "loan:5", "RUB", 0, 2, "open", 10, 11, 0, 0, 0, 0)
    assert account.is_broken()
    account.debits_posted = 11
    assert not account.is_broken()


@pytest.mark.parametrize("kind", list(Kind))
def test_account_ids_are_derived_and_never_meet(kind: Kind) -> None:
    for local in (0, 1, 10**12, LOCAL_MAX):
        assert account_id(kind, local) & LOCAL_MAX == local
    ids = {account_id(k, 5) for k in Kind}
    assert len(ids) == len(Kind)
    assert max(account_id(k, LOCAL_MAX) for k in Kind) < 2**63


def test_an_account_number_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        account_id(Kind.BILL, LOCAL_MAX + 1)
    assert wallet(0) == wallet(-5) == wallet(2**60) == 0


def test_house_accounts_differ_by_currency_number_and_book() -> None:
    specs = [house(Kind.BANK_FEES, c, number=n, book=n) for c in ("RUB", "USD") for n in (1, 2)]
    assert len({s.id for s in specs}) == len({s.code for s in specs}) == 4


@pytest.mark.case("R7")
def test_an_account_of_a_currency_has_one_spelling_or_is_none() -> None:
    assert house(Kind.SUSPENSE, "rub") == house(Kind.SUSPENSE, "RUB")
    for unheard_of in ("RUR", "", "\u017fek"):
        with pytest.raises(InvalidCurrency):
            house(Kind.SUSPENSE, unheard_of)


def test_both_ways_of_locking_are_one_statement() -> None:
    """The way without waiting adds to the one clause that locks."""
    assert load_sql(lock.__file__, "lock_accounts").count(lock.LOCK) == 1
