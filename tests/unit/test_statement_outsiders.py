"""What outsiders' registries taught (cases R1 to R14), held against every format of statements."""

from datetime import date

import pytest

from payments.kernel.errors import InvalidBody
from payments.statements.identity import identified
from payments.statements.read import read_file
from payments.statements.statement import Statement
from tests.fixtures.statement_files import onec, sample

ONEC, CAMT, MT940 = "1c", "camt053", "mt940"
PSP, SUPERPAY, JSON = "csv:psp-settlement", "csv:superpay", "json:superpay"
FILES = {
    ONEC: sample("1c-statement-cp1251.txt"),
    CAMT: sample("camt053-batch-reversal-fee.xml"),
    MT940: sample("mt940-two-pages-reversals.sta"),
    PSP: sample("psp-settlement-cp1251.csv"),
    SUPERPAY: (
        b"line_id,transaction_id,merchant_id,type,status,amount,currency,fee_amount,fee_currency,operated_at\n"
        b"L1,T1,1000001,payout,paid,20.00,RUB,0.10,RUB,2026-11-26T10:00:00.000Z\n"
    ),
}
FILES[JSON] = sample("superpay-registry-totals-disagree.json").replace(
    b'"count":2,"amount":520.00', b'"count":1,"amount":20.00'
)
ENCODING = {ONEC: "cp1251", PSP: "cp1251"}
ARABIC = "\u0661"


def changed(format_: str, old: str, new: str) -> bytes:
    """The sample with one text in place of another, in UTF-8 where the new one needs it."""
    text = FILES[format_].decode(ENCODING.get(format_, "utf-8"))
    assert old in text
    return text.replace(old, new, 1).encode()


def refused(raw: bytes, format_: str) -> list[str]:
    """The fields that were found wrong; each fault says what is expected."""
    with pytest.raises(InvalidBody) as error:
        read_file(raw, format_, "account")
    assert all(fault["expected"] for fault in error.value.errors)
    return [str(fault["field"]) for fault in error.value.errors]


def read(raw: bytes, format_: str) -> Statement:
    (statement,) = read_file(raw, format_, "account")
    return statement


@pytest.mark.parametrize("format_", FILES)
@pytest.mark.parametrize(
    "raw", [b"", b" \r\n", b"\xef\xbb\xbf", b"<html><body>502 Bad Gateway</body></html>\n"]
)
def test_r1_what_is_no_file_of_a_bank(format_: str, raw: bytes) -> None:
    assert refused(raw, format_)


@pytest.mark.parametrize("format_", FILES)
def test_r1_a_header_alone(format_: str) -> None:
    assert refused(FILES[format_].partition(b"\n")[0] + b"\n", format_)


SAME_ID: dict[str, tuple[str, str]] = {
    ONEC: ("Номер=328", "Номер=15"),
    CAMT: ("INV-1", "INV-2"),
    MT940: ("NONREF//A1", "NONREF//A2"),
}


@pytest.mark.parametrize("format_", [ONEC, CAMT, MT940])
def test_r3_a_number_that_comes_again_is_another_line(format_: str) -> None:
    """Two days, or two lines of a day, with one number: none of them vanishes."""
    before = read(FILES[format_], format_)
    after = read(changed(format_, *SAME_ID[format_]), format_)
    assert len({one.id for one in identified("a", after.lines)}) == len(before.lines)


WRONG: list[tuple[str, str, str, str]] = [
    ("r5 totals", ONEC, "ВсегоПоступило=146501.50", "ВсегоПоступило=146501.51"),
    ("r5 totals", CAMT, '<Amt Ccy="EUR">1416.50', '<Amt Ccy="EUR">1416.51'),
    ("r5 totals", MT940, ":62F:C261126EUR1003,50", ":62F:C261126EUR1003,51"),
    ("r5 totals", PSP, "1 250,01;RUB;47,26", "1 250,02;RUB;47,26"),
    ("r5 twice", ONEC, "Сумма=145000.00", "Сумма=145000.00\r\nСумма=145000.00"),
    ("r5 twice", PSP, "Номер заказа", "Сумма"),
    ("r5 twice", SUPERPAY, "transaction_id", "merchant_id"),
    ("r4 days", JSON, '"date":"2026-11-26"', '"date":"2026-11-25"'),
    ("r5 totals", JSON, '"count":1,"amount":20.00', '"count":2,"amount":520.00'),
    ("r5 totals", JSON, '"line_count":1', '"line_count":2'),
    ("r5 twice", JSON, '"amount":20.00,"currency"', '"amount":20.00,"amount":20.00,"currency"'),
    ("r9 days", JSON, '"date":"2026-11-26"', '"date":"9999-12-31"'),
    ("r10 open", JSON, "2026-11-27T01:00:00.000000Z", "2026-11-26T11:00:00.000000Z"),
    ("r11 zones", JSON, "28:40.624490Z", "28:40.624490"),
    ("r14 digits", JSON, '"merchant_id":1000001', '"merchant_id":"1_000_001"'),
    ("r9 days", ONEC, "ДатаПоступило=26.11.2026", "ДатаПоступило=31.12.9999"),
    ("r9 days", CAMT, "<BookgDt><Dt>2026-11-26", "<BookgDt><Dt>9999-12-31"),
    ("r9 days", MT940, ":61:261126", ":61:261331"),
    ("r9 days", PSP, "26.11.2026 00:12:03", "31.12.9999 00:12:03"),
    ("r9 days", SUPERPAY, "2026-11-26T10", "9999-12-31T10"),
    ("r11 zones", SUPERPAY, "10:00:00.000Z", "10:00:00.000"),
    ("r14 digits", ONEC, "Сумма=145000.00", f"Сумма={ARABIC}45000.00"),
    ("r14 digits", ONEC, "Сумма=145000.00", "Сумма=145_000.00"),
    ("r14 digits", ONEC, "ДатаПоступило=26.11.2026", f"ДатаПоступило=26.{ARABIC}1.2026"),
    ("r14 digits", CAMT, ">1000.00<", f">{ARABIC}000.00<"),
    ("r14 digits", CAMT, ">1000.00<", ">1_000.00<"),
    ("r14 digits", MT940, "EUR1000,00", f"EUR{ARABIC}000,00"),
    ("r14 digits", PSP, "1 250,00;RUB", f"{ARABIC} 250,00;RUB"),
    ("r14 digits", SUPERPAY, "20.00", "2_0.00"),
    ("r14 digits", SUPERPAY, "1000001", "1_000_001"),
    ("r14 digits", SUPERPAY, "1000001", f"{ARABIC}000001"),
    ("r14 words", SUPERPAY, "L1", ""),
    ("r14 words", SUPERPAY, "T1", "T 1"),
    ("r14 digits", SUPERPAY, "20.00", f"2{ARABIC}.00"),
]


@pytest.mark.parametrize(("what", "format_", "old", "new"), WRONG)
def test_r5_r9_r11_r14_are_refused_with_what_is_expected(
    what: str, format_: str, old: str, new: str
) -> None:
    assert refused(changed(format_, old, new), format_), what


@pytest.mark.parametrize("format_", [name for name in FILES if name != JSON])
def test_r14_a_byte_order_mark_is_no_letter(format_: str) -> None:
    text = FILES[format_].decode(ENCODING.get(format_, "utf-8"))
    marked = read(b"\xef\xbb\xbf" + text.encode(), format_)
    assert list(marked.lines) == list(read(FILES[format_], format_).lines)


def test_r10_a_day_is_whole_only_after_it_is_over() -> None:
    """A file that a bank made within a day lacks nothing of that day yet."""
    day = date(2026, 11, 26)
    whole = read(FILES[ONEC], ONEC)
    assert (whole.ends, whole.final_until) == (day, day)
    open_ = read(changed(ONEC, "ДатаСоздания=27.11.2026", "ДатаСоздания=26.11.2026"), ONEC)
    assert (open_.ends, open_.final_until) == (day, date(2026, 11, 25))
    assert read(FILES[CAMT], CAMT).final_until == day
    made = "<ElctrncSeqNb>326</ElctrncSeqNb><CreDtTm>2026-11-27T03:10:00+03:00"
    early = changed(CAMT, made, made.replace("27T03", "26T11"))
    assert read(early, CAMT).final_until == date(2026, 11, 25)


def test_r10_a_file_that_says_nothing_of_its_making_is_whole() -> None:
    assert read(onec([("7", 350, "0", "a")]), ONEC).final_until == date(2026, 11, 26)


def test_r10_a_registry_that_is_open_ends_the_day_before() -> None:
    text = FILES[JSON].decode().replace('"closed":true', '"closed":false')
    open_ = read(text.replace("2026-11-27T01", "2026-11-26T11").encode(), JSON)
    assert (open_.ends, open_.final_until) == (date(2026, 11, 26), date(2026, 11, 25))


def test_json_and_csv_of_a_registry_are_the_same_lines() -> None:
    """Importing one after the other adds nothing."""
    (line,) = read(FILES[JSON], "auto").lines
    csv = (
        FILES[SUPERPAY].partition(b"\n")[0]
        + b"\nsp_x-3,sp_x,1000001,payout,paid,20.00,RUB,0.20,RUB,2026-11-26T12:28:40.624490Z\n"
    )
    (other,) = read(csv, "auto").lines
    (one,), (two,) = identified("superpay", [line]), identified("superpay", [other])
    assert (line.minor, line.kind, line.reference) == (-2000, other.kind, other.reference)
    assert one.id == two.id


def test_a_day_on_which_nothing_moved_has_no_lines_to_import() -> None:
    text = FILES[JSON].decode()
    begin, end = text.index("[{"), text.index("],")
    empty = text[: begin + 1] + text[end:]
    empty = empty.replace('"line_count":1', '"line_count":0')
    assert refused(empty.encode(), JSON)
