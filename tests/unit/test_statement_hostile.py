"""Statement files that were cut, damaged or forged by a kopeck: refused whole, for every format."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payments.kernel.errors import InvalidBody
from payments.statements.line import InvalidStatement
from payments.statements.read import read_file
from payments.statements.text import LINE_MAX
from tests.fixtures.statement_files import sample

FORMATS = {
    "1c": "1c-statement-cp1251.txt",
    "camt053": "camt053-batch-reversal-fee.xml",
    "mt940": "mt940-two-pages-reversals.sta",
    "csv:psp-settlement": "psp-settlement-cp1251.csv",
}


def faults(raw: bytes, format_: str) -> list[str]:
    """The fields that were found wrong."""
    with pytest.raises(InvalidStatement) as refused:
        read_file(raw, format_, "a")
    assert all({"field", "found", "expected"} <= fault.keys() for fault in refused.value.errors)
    return [str(fault["field"]) for fault in refused.value.errors]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_that_was_cut_off_is_refused(format_: str) -> None:
    raw = sample(FORMATS[format_])
    last_page = raw.rfind(b":62M:") if format_ == "mt940" else len(raw)
    for cut in range(1, len(raw.rstrip(b"-\r\n}")) - 8, 23):
        if format_ == "mt940" and last_page < cut < last_page + 60:
            continue  # that is the whole first page
        assert faults(raw[:cut], format_)


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "damage", [b"\0", b"x" * (LINE_MAX + 1), b"9" * 10_000_000, b"\xff\xfe", b"\xef\xbb\xbf"]
)
def test_what_is_no_text_of_a_bank_is_refused(format_: str, damage: bytes) -> None:
    raw = sample(FORMATS[format_])
    middle = raw.index(b"\n", len(raw) // 2)
    try:
        statements = read_file(raw[:middle] + damage + raw[middle:], format_, "a")
    except InvalidBody:
        return
    # Two letters of windows-1251, say, in a purpose: the sums still hold.
    assert damage in {b"\xff\xfe", b"\xef\xbb\xbf"}
    assert [len(one.lines) for one in statements] in ([4], [5])


@pytest.mark.parametrize("format_", FORMATS)
def test_two_marks_of_utf8_and_other_widths_are_refused(format_: str) -> None:
    raw = sample(FORMATS[format_])
    text = raw.decode("cp1251" if format_ in {"1c", "csv:psp-settlement"} else "utf-8")
    assert faults(b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(), format_)
    assert faults(text.encode("utf-16"), format_)
    assert faults(raw + raw, format_) if format_ in {"1c", "camt053", "csv:psp-settlement"} else 1


AMOUNTS = {
    "1c": rb"=([0-9]+\.[0-9]{2})\r",
    "camt053": rb'<Amt Ccy="EUR">([0-9]+\.[0-9]{2})<',
    "mt940": rb"(?:EUR|[CD])([0-9]+,[0-9]{2})(?:N|\r?\n)",
    "csv:psp-settlement": rb";(-?[0-9 ]+,[0-9]{2})",
}


def places(format_: str, raw: bytes) -> list[tuple[int, int]]:
    """Where the amounts of the sample stand."""
    return [match.span(1) for match in re.finditer(AMOUNTS[format_], raw)]


@pytest.mark.parametrize("format_", FORMATS)
def test_a_kopeck_more_in_any_amount_is_found_and_named(format_: str) -> None:
    raw = sample(FORMATS[format_])
    spans = places(format_, raw)
    assert len(spans) >= 9
    for begin, end in spans:
        digits = raw[begin:end]
        last = b"%d" % ((digits[-1] - ord("0") + 1) % 10)
        if b"PDNG" in raw[end : end + 80]:
            continue  # what is not booked counts for nothing
        assert faults(raw[: end - 1] + last + raw[end:], format_), (format_, digits)


@pytest.mark.parametrize("format_", FORMATS)
@settings(max_examples=60)
@given(data=st.data())
def test_damage_never_passes_with_wrong_sums(format_: str, data: st.DataObject) -> None:
    raw = bytearray(sample(FORMATS[format_]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 12))] = data.draw(st.binary(max_size=6))
    try:
        statements = read_file(bytes(raw), format_, "a")
    except InvalidBody:
        return
    for one in statements:
        assert not any("\0" in line.purpose for line in one.lines)
        if one.opening_minor is not None and one.closing_minor is not None:
            assert one.opening_minor + sum(x.minor for x in one.lines) == one.closing_minor
