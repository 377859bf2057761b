"""Files that are not right: every fault with line, field, found and expected, nothing guessed."""

from collections.abc import Callable

import pytest

from payments.kernel.money import currency_of
from payments.kernel.strict import NotRead
from payments.statements.amounts import amounts_of
from payments.statements.line import InvalidStatement
from payments.statements.profiles import UnknownProfile, parse_profile
from payments.statements.read import UnknownFormat, read_statement
from tests.fixtures.statement_files import ACCOUNT, Row, onec, sample

ROWS: list[Row] = [("328", 14_500_000, "1234567890", "Оплата"), ("9", -100, "7700000009", "Счет")]
CAMT = "camt053-batch-reversal-fee.xml"
MT940 = "mt940-two-pages-reversals.sta"
PSP = "psp-settlement-cp1251.csv"


def faults(raw: bytes, format_: str = "auto", account: str = "") -> list[tuple[object, object]]:
    """Line and field of each fault."""
    with pytest.raises(InvalidStatement) as refused:
        read_statement(raw, format_, account)
    for fault in refused.value.errors:
        assert {"field", "found", "expected"} <= fault.keys()
    return [(fault.get("line"), fault["field"]) for fault in refused.value.errors]


def changed(raw: bytes, old: str, new: str, encoding: str = "cp1251") -> bytes:
    assert old.encode(encoding) in raw
    return raw.replace(old.encode(encoding), new.encode(encoding))


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "utf-8", "utf-8-sig"])
def test_1c_is_read_in_each_encoding_that_banks_send(encoding: str) -> None:
    statement = read_statement(onec(ROWS, encoding=encoding), "1c", ACCOUNT)
    assert [one.purpose for one in statement.lines] == ["Оплата", "Счет"]


def test_1c_without_a_declared_encoding_is_no_guess() -> None:
    raw = changed(onec(ROWS), "Кодировка=Windows\r\n", "")
    assert faults(raw) == [(2, "encoding")]


def test_a_byte_that_the_encoding_has_not_is_no_question_mark() -> None:
    raw = onec(ROWS).replace("Оплата".encode("cp1251"), b"\x98")
    assert faults(raw) == [(22, "encoding")]


def test_a_character_that_was_replaced_on_the_way_is_found() -> None:
    raw = changed(onec(ROWS, encoding="utf-8"), "Оплата", "Опл\ufffdта", "utf-8")
    assert faults(raw) == [(22, "encoding")]


def test_all_faults_of_a_file_are_told_at_once() -> None:
    raw = changed(onec(ROWS), "Сумма=145000.00", "Сумма=145 000,00")
    raw = changed(raw, "Дата=26.11.2026", "Дата=31.11.2026")
    raw = changed(raw, "ВерсияФормата=1.03", "ВерсияФормата=2.00")
    assert sorted({str(name) for _, name in faults(raw)}) == ["ВерсияФормата", "Дата", "Сумма"]
    assert len(faults(raw)) == 4  # the day stands in both documents


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("КонецФайла\r\n", "", "file"),
        ("КонецДокумента\r\nКонецФайла", "КонецФайла", "СекцияДокумент"),
        ("КонечныйОстаток=", "Остаток=", "КонечныйОстаток"),
        ("ВсегоПоступило=145000.00", "ВсегоПоступило=144999.99", "ВсегоПоступило"),
        ("ВсегоСписано=1.00", "ВсегоСписано=1.01", "ВсегоСписано"),
        ("Номер=328", "Номер=328\r\nНомер=329", "Номер"),
        ("ДатаПоступило=26", "ДатаПоступило=25", "ДатаПоступило"),
        ("Сумма=1.00", "Сумма=1.001", "Сумма"),
        ("Сумма=1.00", "Сумма=-1.00", "Сумма"),
        ("Сумма=1.00", "Сумма=1e0", "Сумма"),
        ("Сумма=1.00", "Сумма", "line"),
        (f"ПлательщикСчет={ACCOUNT}", "ПлательщикСчет=1", "ПлательщикСчет and ПолучательСчет"),
        ("ДатаНачала=26.11.2026", "ДатаНачала=", "ДатаНачала"),
        ("КонецФайла", "КонецФайла\r\nещё", "file"),
    ],
)
def test_1c_faults(old: str, new: str, field: str) -> None:
    assert field in [name for _, name in faults(changed(onec(ROWS), old, new))]


def test_one_kopeck_off_is_found() -> None:
    assert faults(onec(ROWS, off=1)) == [(12, "КонечныйОстаток")]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('<Amt Ccy="EUR">100.00</Amt>', '<Amt Ccy="EUR">100.01</Amt>', "Amt of the batch"),
        ("<NbOfTxs>2</NbOfTxs>", "<NbOfTxs>3</NbOfTxs>", "NbOfTxs"),
        ('<Amt Ccy="EUR">1416.50</Amt>', '<Amt Ccy="EUR">1416.51</Amt>', "CLBD"),
        ("<Cd>CLBD</Cd>", "<Cd>CLAV</Cd>", "Bal"),
        ("<Sts><Cd>PDNG</Cd></Sts>", "<Sts><Cd>WHAT</Cd></Sts>", "Sts"),
        ('<Amt Ccy="EUR">13.06</Amt>', '<Amt Ccy="USD">13.06</Amt>', "Amt"),
        ("camt.053.001.08", "camt.052.001.08", "Document"),
        ("</Document>", "", "file"),
    ],
)
def test_camt053_faults(old: str, new: str, field: str) -> None:
    raw = changed(sample(CAMT), old, new, "utf-8")
    assert [name for _, name in faults(raw)] == [field]


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">]>',
        '<!DOCTYPE Document SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_xml_with_a_dtd_is_refused(dtd: str) -> None:
    raw = changed(sample(CAMT), "<Document ", f"{dtd}<Document ", "utf-8")
    assert faults(raw) == [(None, "file")]


def test_xml_nested_too_deep_is_refused() -> None:
    assert [name for _, name in faults(b"<a>" * 100_000)] == ["file"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (":62F:C261126EUR1003,50", ":62F:C261126EUR1003,51", "62F"),
        (":60M:C261126EUR1007,00", ":60M:C261126EUR1007,01", "62F"),
        ("RC3,50", "XC3,50", "61"),
        ("D50,00NTRF", "D50.00NTRF", "61"),
        (":25:40702978000000000017\r\n:28C:326/2", ":28C:326/2", ":25:"),
        (":62M:", ":64:", ":62F: or :62M:"),
        (":60F:C261126EUR", ":60F:C261126XXX", "60F"),
        ("2611261126RD", "2611311126RD", "61"),
    ],
)
def test_mt940_faults(old: str, new: str, field: str) -> None:
    raw = changed(sample(MT940), old, new, "utf-8")
    assert field in [name for _, name in faults(raw)]


def test_pages_that_do_not_follow_each_other_are_refused() -> None:
    raw = changed(sample(MT940), ":60M:C261126EUR1007,00", ":60M:C261126EUR1008,00", "utf-8")
    raw = changed(raw, ":62F:C261126EUR1003,50", ":62F:C261126EUR1004,50", "utf-8")
    assert [name for _, name in faults(raw)] == ["opening balance"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("1 202,75", "1 202,76", "total of К зачислению"),
        ("47,26", "47,27", "total of Комиссия"),
        ("Итого;;;4", "Итого;;;5", "total"),
        ("Итого", "Всего", "Тип операции"),
        ("100,10;RUB;3,50", "100.10;RUB;3,50", "Сумма"),
        ("3,50;96,60", "3,50;96,61", "К зачислению"),
        ("26.11.2026 15:40:10", "26.11.2026 25:40:10", "Дата и время (МСК)"),
        ("100,10;RUB;3,50", "100,10;USD;3,50", "currency"),
        ("Платёж;0,01", "Подарок;0,01", "Тип операции"),
        ("Комиссия", "Сбор", "header"),
        ("1000002;26.11.2026 15", "1000002;;26.11.2026 15", "line"),
        (
            "2f1a0002-000f-5000-8000-000000000002",
            "2f1a0001-000f-5000-8000-000000000001",
            "Идентификатор платежа",
        ),
        ("1 250,00", "12 50,00", "Сумма"),
    ],
)
def test_settlement_faults(old: str, new: str, field: str) -> None:
    raw = changed(sample(PSP), old, new)
    found = [name for _, name in faults(raw, "csv:psp-settlement", "psp")]
    assert field in found


def test_the_account_that_was_named_must_be_in_the_file() -> None:
    assert faults(onec(ROWS), "auto", "40702810900000000018") == [(None, "account")]


def test_formats_and_profiles_that_there_are_not() -> None:
    with pytest.raises(UnknownFormat):
        read_statement(b"hello", "auto", "")
    with pytest.raises(UnknownFormat):
        read_statement(b"hello", "xls", "")
    with pytest.raises(UnknownProfile):
        read_statement(b"hello", "csv:../../etc/passwd", "psp")


@pytest.mark.parametrize(
    "text", ["1_0", "١٢", "1e3", "+1", "", " 1", "1.234", "NaN", "1,5", "9" * 19, "--1", "1."]
)
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(NotRead):
        amounts_of(currency_of("RUB"))(text)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("-0,01", -1), ("1 250,00", 125_000), ("1\u00a0250\u202f000,5", 125_000_050), ("0,00", 0)],
)
def test_amounts_with_the_marks_of_a_profile(text: str, minor: int) -> None:
    read = amounts_of(currency_of("RUB"), decimal=",", thousands=" \u00a0\u202f")
    assert read(text) == minor


PROFILE = """
name = "x"
delimiter = ";"
decimal = ","
zone = "Europe/Moscow"
time_format = "%d.%m.%Y"
currency = "RUB"
[columns]
time = "t"
amount = "a"
"""


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("Europe/Moscow", "Nowhere/Town"),
        lambda text: text.replace('currency = "RUB"', ""),
        lambda text: text.replace('decimal = ","', 'decimal = ";"'),
        lambda text: text + 'amuont = "b"',
    ],
)
def test_a_profile_that_is_wrong_says_so(spoil: Callable[[str], str]) -> None:
    assert parse_profile(PROFILE).name == "x"
    with pytest.raises(ValueError, match=r"."):
        parse_profile(spoil(PROFILE))
