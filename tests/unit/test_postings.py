"""Legs become postings: from where to where, each leg used up, books and currencies apart."""

from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.account import Account
from payments.ledger.chart import Kind, owned
from payments.ledger.posting import Leg
from payments.operations.transaction import postings_of
from tests.fixtures.deciding import account

ACCOUNTS = {
    a.id: a
    for a in (
        *(account(owned(Kind.WALLET, n, "RUB")) for n in range(1, 5)),
        *(account(owned(Kind.WALLET, n, "USD")) for n in range(5, 8)),
        *(account(owned(Kind.BANK_ACCOUNT, n, "RUB", 3)) for n in range(1, 4)),
    )
}


def group(accounts: list[Account]) -> st.SearchStrategy[list[Leg]]:
    """Legs of one book and currency that sum to zero."""
    amounts = st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=6)

    def legs(minors: list[int]) -> list[Leg]:
        rest = -sum(minors)
        ends = [accounts[i % len(accounts)].id for i in range(len(minors) + 1)]
        return [Leg(a, m) for a, m in zip(ends, [*minors, rest], strict=True) if m]

    return amounts.map(legs)


BY_BOOK: dict[tuple[int, str], list[Account]] = {}
for _one in ACCOUNTS.values():
    BY_BOOK.setdefault((_one.book, _one.currency), []).append(_one)


@given(st.tuples(*(group(accounts) for accounts in BY_BOOK.values())))
def test_postings_are_the_legs(groups: tuple[list[Leg], ...]) -> None:
    legs = [leg for one in groups for leg in one]
    moved: dict[int, list[int]] = {}
    for source, destination, minor, _ in postings_of(legs, ACCOUNTS):
        assert minor > 0
        payer, receiver = ACCOUNTS[source], ACCOUNTS[destination]  # type: ignore[index]
        assert (payer.book, payer.currency) == (receiver.book, receiver.currency)
        moved.setdefault(source, [0, 0])[0] -= minor
        moved.setdefault(destination, [0, 0])[1] += minor
    for id_ in ACCOUNTS:
        paid = sum(leg.minor for leg in legs if leg.account_id == id_ and leg.minor < 0)
        got = sum(leg.minor for leg in legs if leg.account_id == id_ and leg.minor > 0)
        assert moved.get(id_, [0, 0]) == [paid, got]


def test_pairs_stay_pairs() -> None:
    one, two, three, _, *_ = ACCOUNTS
    legs = [Leg(one, -4), Leg(two, 4), Leg(two, -4), Leg(three, 4)]
    assert [p[:3] for p in postings_of(legs, ACCOUNTS)] == [(one, two, 4), (two, three, 4)]
    split = [Leg(one, -10), Leg(two, 4), Leg(three, 6)]
    assert [p[:3] for p in postings_of(split, ACCOUNTS)] == [(one, two, 4), (one, three, 6)]
