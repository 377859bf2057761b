"""Registry files of SuperPay: what is read, and every way of being refused, all faults at once."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from payments.statements.settlement_day import Registry
from payments.statements.settlement_file import BadRegistry, check_headers, read_json
from payments.statements.superpay_csv import read_csv

DAY = date(2026, 11, 26)
MADE = datetime(2026, 11, 27, 1, tzinfo=UTC)
HEADER = (
    "line_id,transaction_id,merchant_id,type,status,amount,currency,"
    "fee_amount,fee_currency,operated_at"
)
ROW = "sp_x-3,sp_x,1000001,payout,paid,20.00,RUB,0.20,RUB,2026-11-26T12:28:40.624490Z"


def line(**over: Any) -> dict[str, Any]:
    """A line of twenty roubles."""
    values = ROW.split(",")
    return {**dict(zip(HEADER.split(","), values, strict=True)), "merchant_id": 1000001, **over}


def document(*lines: Any, **over: Any) -> bytes:
    """A closed registry."""
    plain = {
        "date": DAY.isoformat(),
        "closed": True,
        "generated_at": "2026-11-27T01:00:00Z",
        "line_count": len(lines),
        "lines": list(lines),
    }
    return json.dumps({**plain, **over}).encode()


def csv_file(text: str, *, may_be_empty: bool = False) -> Registry:
    """Read as the CSV of the day."""
    return read_csv(text.encode(), DAY, MADE, is_closed=True, may_be_empty=may_be_empty)


def refused(read: Callable[[], object]) -> BadRegistry:
    """Why it was refused."""
    with pytest.raises(BadRegistry) as caught:
        read()
    assert caught.value.errors
    return caught.value


def test_json_and_csv_say_the_same() -> None:
    total = {"type": "payout", "status": "paid", "currency": "RUB", "count": 1, "amount": "20.00"}
    of_json = read_json(document(line(), totals=[total]), DAY)
    of_csv = csv_file(f"{HEADER}\r\n{ROW}\r\n")
    assert of_json.lines == of_csv.lines
    assert (of_csv.day, of_csv.is_closed) == (DAY, True)


@pytest.mark.case("R1")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "nothing"),
        ("<html><body>Maintenance</body></html>\n", "<html><body>Maintenance</body></html>"),
        (f"{HEADER}\r\n", "no lines"),
    ],
)
def test_a_file_that_is_none_is_refused(text: str, found: str) -> None:
    (fault,) = refused(lambda: csv_file(text)).errors
    assert fault["found"] == found


@pytest.mark.case("R1")
def test_a_day_without_lines_has_to_be_said() -> None:
    assert csv_file(f"{HEADER}\r\n", may_be_empty=True).lines == []
    assert read_json(document(), may_be_empty=True).lines == []
    refused(lambda: read_json(document(), may_be_empty=False))
    refused(lambda: csv_file("", may_be_empty=True))


@pytest.mark.case("R1")
def test_a_file_made_during_its_day_does_not_close_it() -> None:
    during = {"generated_at": "2026-11-26T23:00:00Z"}
    refused(lambda: read_json(document(line(), **during)))
    assert not read_json(document(line(), **during, closed=False)).is_closed


@pytest.mark.case("R4")
def test_the_first_lines_of_another_day_are_named() -> None:
    rows = [line(line_id=f"l{n}", operated_at=f"2026-11-25T{n:02}:00:00Z") for n in range(3)]
    error = refused(lambda: read_json(document(line(), *rows)))
    assert [(e["line"], e["field"]) for e in error.errors] == [
        (n, "operated_at") for n in (2, 3, 4)
    ]
    assert error.errors[0]["expected"] == "a time on 2026-11-26, in UTC"
    (other,) = refused(lambda: read_json(document(line()), date(2026, 11, 25))).errors
    assert (other["field"], other["found"]) == ("date", "2026-11-26")


@pytest.mark.case("R5")
def test_totals_that_disagree_are_refused_with_both_numbers() -> None:
    total = {"type": "payout", "status": "paid", "currency": "RUB", "count": 2, "amount": 520.00}
    error = refused(lambda: read_json(document(line(), totals=[total])))
    assert "20.00 in 1 lines" in str(error)
    assert "520.00 in 2 lines" in str(error)
    deposit = {**total, "type": "deposit"}
    for totals in ([], [{**total, "count": 1, "amount": "20.00"}, deposit], [total, total], "x"):
        refused(lambda totals=totals: read_json(document(line(), totals=totals)))  # type: ignore[misc]
    error = refused(lambda: read_json(document(line(), line_count=3)))
    assert error.errors[0]["found"] == "1 lines"
    assert "3 lines" in str(error)


@pytest.mark.case("R5")
def test_a_key_twice_is_refused_wherever_it_is() -> None:
    doubled = b'{"status":"failed",' + json.dumps(line()).encode()[1:]
    raw = document("x").replace(b'"x"', doubled)
    (fault,) = refused(lambda: read_json(raw)).errors
    assert (fault["line"], fault["field"], fault["found"]) == (1, "status", "status twice")
    top = document(line())[:-1] + b',"closed":false}'
    assert refused(lambda: read_json(top)).errors[0]["found"] == "closed twice"


@pytest.mark.case("R5")
def test_what_comes_beside_a_fetched_file_agrees_with_it() -> None:
    registry = read_json(document(line()))
    right = {
        "digest": "sha-256=abc=",
        "superpay-registry-closed": "true",
        "superpay-registry-lines": "1",
    }
    check_headers(registry, right, "abc=")
    for name, value in (
        ("digest", "sha-256=abd="),
        ("superpay-registry-closed", "false"),
        ("superpay-registry-lines", "2"),
    ):
        refused(lambda n=name, v=value: check_headers(registry, {**right, n: v}, "abc="))  # type: ignore[misc]


@pytest.mark.case("R11")
def test_a_time_without_a_zone_is_refused() -> None:
    (fault,) = refused(lambda: read_json(document(line(operated_at="2026-11-26T12:00:00")))).errors
    assert (fault["line"], fault["field"]) == (1, "operated_at")
    assert "zone" in str(fault["expected"])
    refused(lambda: csv_file(f"{HEADER}\n{ROW[:-1]}\n"))
    refused(lambda: read_json(document(line(), generated_at="2026-11-27T01:00:00")))
    moscow = read_json(document(line(operated_at="2026-11-27T02:59:59+03:00")))
    assert moscow.lines[0].operated_at == datetime(2026, 11, 26, 23, 59, 59, tzinfo=UTC)


@pytest.mark.case("R14")
def test_every_fault_of_a_file_is_told_at_once() -> None:
    rows = [
        ROW.replace("1000001", "1_000_002"),
        ROW.replace("sp_x-3", "l2").replace("20.00", "\u0662\u0660.00"),
        ROW.replace("sp_x-3", "l3").replace("RUB,0.20", "XXZ,0.20").replace("paid", "odd"),
        "a,b",
    ]
    error = refused(lambda: csv_file("\r\n".join([HEADER, *rows, ROW, ""])))
    assert [(e["line"], e["field"], e["found"]) for e in error.errors] == [
        (2, "merchant_id", "1_000_002"),
        (3, "amount", "\u0662\u0660.00"),
        (4, "status", "odd"),
        (4, "currency", "XXZ"),
        (5, "line", "2 cells"),
    ]
    assert all(e["expected"] and e["message"] for e in error.errors)
    assert "5 faults" in str(error)


@pytest.mark.case("R14")
def test_a_byte_order_mark_is_no_letter_of_csv_and_no_json() -> None:
    marked = csv_file(f"\ufeff{HEADER}\r\n{ROW}\r\n")
    assert marked.lines == csv_file(f"{HEADER}\r\n{ROW}\r\n").lines
    refused(lambda: read_json(b"\xef\xbb\xbf" + document(line())))


@pytest.mark.case("R4")
def test_a_csv_of_another_day_is_refused() -> None:
    (fault,) = refused(lambda: csv_file(f"{HEADER}\n{ROW.replace('-26T', '-25T')}\n")).errors
    assert (fault["line"], fault["field"]) == (2, "operated_at")
    assert fault["expected"] == "a time on 2026-11-26, in UTC"


@pytest.mark.case("R5")
def test_a_line_id_twice_is_refused() -> None:
    (fault,) = refused(lambda: csv_file(f"{HEADER}\n{ROW}\n{ROW}\n")).errors
    assert (fault["line"], fault["field"]) == (3, "line_id")
    assert fault["found"] == "sp_x-3 as in line 2"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b"<html>",
        document(line(), lines={}),
        document(1),
        document(line(), closed="true"),
        document(line(), line_count="1"),
        document(line(), date="9999-12-31"),
        document(line(), generated_at="9999-12-31T23:59:59-14:00"),
        document(line(merchant_id="1000001")),
        document(line(merchant_id=2**60)),
        document(line(merchant_id=1.0)),
        document(line(amount="1e3")),
        document(line(amount=None)),
        document(line(amount=True)),
        document(line(line_id=1)),
        document(line(line_id="a\0b")),
        document(line(line_id="x" * 81)),
        document(line(transaction_id="\ud800")),
        document(line(type="refund")),
        document(line(), line()),
        document(line()).replace(b"1000001", b"NaN"),
    ],
)
def test_refused(raw: bytes) -> None:
    error = refused(lambda: read_json(raw))
    assert error.code == "invalid_registry"
    assert all(one["expected"] for one in error.errors)


def test_a_thousand_faults_are_counted_and_the_first_told() -> None:
    error = refused(lambda: csv_file("\n".join([HEADER, *["x"] * 1000])))
    assert len(error.errors) == 50
    assert "1000 faults" in str(error)


def test_a_cell_without_an_end_is_called_that() -> None:
    """A quotation mark without a partner joins all that follows into one cell."""
    error = refused(lambda: csv_file("\n".join([HEADER, ROW, '"', *["sp_x,1"] * 30_000])))
    assert "line 3, file: found a cell of more than 131072 characters" in str(error)
    assert "quotation mark without a partner" in str(error)
    assert "CSV divided by" not in str(error)


def test_a_line_that_is_too_long_is_called_that() -> None:
    error = refused(lambda: csv_file(f"{HEADER}\n{ROW}\n{'x' * 131_073}"))
    assert "131073 characters, expected at most 100000" in str(error)
