"""However a statement comes, cut, doubled, in any order and encoding, its lines are the same."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from payments.statements.identity import identified
from payments.statements.line import Line
from payments.statements.read import read_statement
from tests.fixtures.statement_files import ACCOUNT, onec

DAY = date(2026, 11, 26)
ENCODINGS = st.sampled_from(["cp1251", "cp866", "utf-8", "utf-8-sig"])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["7", "8", ""]),
        st.sampled_from([-350, 1, 350]),
        st.sampled_from(["0", "1234567890"]),
        st.sampled_from(["Оплата", "Возврат  займа", "Возврат займа"]),
    ),
    max_size=12,
)
LINES = st.lists(
    st.builds(
        Line,
        row=st.integers(1, 99),
        posted=st.integers(0, 2).map(lambda days: DAY + timedelta(days)),
        minor=st.sampled_from([-350, 350]),
        number=st.sampled_from(["7", "8"]),
        purpose=st.sampled_from(["a", "b"]),
        bank_id=st.sampled_from(["", "", "B1"]),
    ),
    max_size=15,
)


def ids(lines: list[Line]) -> list[str]:
    return sorted(str(one.id) for one in identified(ACCOUNT, lines))


@given(rows=ROWS, first=ENCODINGS, second=ENCODINGS, order=st.randoms(use_true_random=False))
def test_order_and_encoding_do_not_matter(
    rows: list[tuple[str, int, str, str]], first: str, second: str, order: object
) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    one = read_statement(onec(rows, encoding=first), "auto", ACCOUNT)
    other = read_statement(onec(shuffled, encoding=second), "auto", ACCOUNT)
    assert ids(list(one.lines)) == ids(list(other.lines))
    assert len(set(ids(list(one.lines)))) == len(rows)


@given(lines=LINES, begins=st.integers(0, 2), ends=st.integers(0, 2))
def test_days_that_overlap_add_nothing(lines: list[Line], begins: int, ends: int) -> None:
    """A statement of some of the days has the same ids for them."""
    part = [one for one in lines if begins <= (one.posted - DAY).days <= ends]
    assert set(ids(part)) <= set(ids(lines))


@given(lines=LINES, cut=st.integers(0, 15))
def test_pages_that_follow_each_other_count_on(lines: list[Line], cut: int) -> None:
    first = identified(ACCOUNT, lines[:cut])
    before: dict[bytes, int] = {}
    for one in first:
        before[one.likeness] = one.twin
    second = identified(ACCOUNT, lines[cut:], before)
    assert sorted(str(one.id) for one in (*first, *second)) == ids(lines)
