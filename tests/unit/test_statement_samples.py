"""Each sample of the assignment gives exactly the value that its README promises."""

from datetime import UTC, date, datetime

import pytest

from payments.statements.identity import identified
from payments.statements.line import InvalidStatement, LineKind
from payments.statements.read import read_statement
from payments.statements.statement import Statement
from tests.fixtures.statement_files import ACCOUNT, OPENING, onec, sample

DAY = date(2026, 11, 26)


def read(name: str, format_: str = "auto", account: str = "") -> Statement:
    return read_statement(sample(name), format_, account)


@pytest.mark.parametrize(
    "name", ["1c-statement-cp1251.txt", "1c-statement-says-windows-is-utf8.txt"]
)
def test_1c(name: str) -> None:
    statement = read(name)
    assert (statement.account, statement.currency) == (ACCOUNT, "RUB")
    assert (statement.begins, statement.ends) == (DAY, DAY)
    assert (statement.opening_minor, statement.closing_minor) == (1_000_000, 15_625_150)
    assert (statement.received_minor, statement.sent_minor) == (14_650_150, 25_000)
    lines = [(one.number, one.inn, one.minor, one.kind) for one in statement.lines]
    assert lines == [
        ("328", "1234567890", 14_500_000, LineKind.PAYMENT),
        ("15", "0", 100_000, LineKind.PAYMENT),
        ("7", "0105000000", 50_000, LineKind.PAYMENT),
        ("7", "010500000012", 150, LineKind.PAYMENT),
        ("903", "7700000009", -25_000, LineKind.FEE),
    ]
    first = statement.lines[0]
    assert (first.document_date, first.posted) == (date(2026, 11, 25), DAY)
    assert first.purpose == "Оплата по счету 104 от 20.11.2026, в т.ч. НДС 20%"


def test_1c_in_another_encoding_and_version_has_the_same_lines() -> None:
    files = ("1c-statement-cp1251.txt", "1c-statement-says-windows-is-utf8.txt")
    one, other = ({i.id for i in identified(ACCOUNT, read(name).lines)} for name in files)
    assert one == other
    assert len(one) == 5


def test_1c_of_cp866_with_totals_that_disagree_says_both_numbers() -> None:
    with pytest.raises(InvalidStatement) as refused:
        read("1c-statement-cp866-totals-disagree.txt")
    assert refused.value.errors == (
        {
            "line": 18,
            "field": "КонечныйОстаток",
            "found": "lines that give 155000.00 RUB",
            "expected": "154999.00 RUB, as the file says",
            "message": "found lines that give 155000.00 RUB, "
            "expected 154999.00 RUB, as the file says",
        },
    )


def test_camt053_takes_a_batch_apart_and_books_a_return_where_it_came() -> None:
    statement = read("camt053-batch-reversal-fee.xml")
    assert (statement.account, statement.currency) == ("40702978000000000017", "EUR")
    assert (statement.opening_minor, statement.closing_minor) == (100_000, 141_650)
    lines = [(one.minor, one.reference, one.kind, one.reason) for one in statement.lines]
    assert lines == [
        (32_956, "INV-1", LineKind.PAYMENT, ""),
        (10_000, "INV-2", LineKind.PAYMENT, ""),
        (-5_000, "PAYOUT-1000001", LineKind.PAYMENT, ""),
        (5_000, "PAYOUT-1000001", LineKind.RETURN, "AC04"),
        (-1_306, "", LineKind.FEE, ""),
    ]
    assert sum(one.minor for one in statement.lines) == 41_650
    assert statement.pending == 1
    assert statement.lines[0].counterparty == "Beispiel GmbH"


def test_mt940_joins_its_pages_and_keeps_both_twins() -> None:
    statement = read("mt940-two-pages-reversals.sta")
    assert (statement.account, statement.currency) == ("40702978000000000017", "EUR")
    assert (statement.opening_minor, statement.closing_minor) == (100_000, 100_350)
    assert [one.minor for one in statement.lines] == [350, 350, -5_000, 5_000, -350]
    assert [one.kind for one in statement.lines[2:]] == [
        LineKind.PAYMENT,
        LineKind.RETURN,
        LineKind.RETURN,
    ]
    assert len({i.id for i in identified(statement.account, statement.lines)}) == 5


@pytest.mark.parametrize(
    "name", ["psp-settlement-utf8bom-semicolon.csv", "psp-settlement-cp1251.csv"]
)
def test_settlement(name: str) -> None:
    statement = read(name, "csv:psp-settlement", "psp")
    assert [one.minor for one in statement.lines] == [125_000, 10_010, -10_010, 1]
    assert (statement.received_minor, statement.sent_minor) == (135_011, 10_010)
    assert statement.fee_minor == 4_726
    assert statement.received_minor - statement.sent_minor - statement.fee_minor == 120_275
    assert statement.lines[2].kind is LineKind.RETURN
    moments = (statement.lines[0].operated_at, statement.lines[3].operated_at)
    assert moments == (
        datetime(2026, 11, 25, 21, 12, 3, tzinfo=UTC),
        datetime(2026, 11, 26, 20, 59, 58, tzinfo=UTC),
    )
    assert {one.posted for one in statement.lines} == {DAY}


def test_settlement_in_another_encoding_has_the_same_lines() -> None:
    files = ("psp-settlement-utf8bom-semicolon.csv", "psp-settlement-cp1251.csv")
    one, other = (
        {i.id for i in identified("psp", read(name, "csv:psp-settlement", "psp").lines)}
        for name in files
    )
    assert one == other
    assert len(one) == 4


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidStatement, match="no bytes"):
        read("superpay-registry-empty.csv", "csv:superpay", "superpay")


def test_1c_with_a_section_for_each_day_is_one_statement() -> None:
    """Some banks write the balances of every day: a document belongs to the section of its day."""
    first = onec([("7", 350, "0", "a")], day="25.11.2026").decode("cp1251")
    second = onec([("8", -50, "0", "b")], opening=OPENING + 350).decode("cp1251")
    end = "КонецФайла\r\n"
    raw = first.removesuffix(end) + second[second.index("СекцияРасчСчет") :]
    statement = read_statement(raw.encode("cp1251"), "1c", ACCOUNT)
    assert (statement.begins.day, statement.ends.day) == (25, 26)
    assert [(line.posted.day, line.minor) for line in statement.lines] == [(25, 350), (26, -50)]
