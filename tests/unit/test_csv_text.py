"""CSV: what a spreadsheet takes for a number, a date and a formula, and how text is quoted."""

import csv
import io
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest

from payments.http.csv_text import Columns, harmless


class _Word(Enum):
    OPEN = "open"


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    amount: str
    text: str
    created_at: str
    ended_at: str | None = None
    day: date | None = None
    moment: datetime | None = None
    is_open: bool = True
    word: _Word = _Word.OPEN
    count: int = 0
    data: Any = None
    raw: msgspec.Raw = msgspec.Raw(b"{}")
    missing: str | msgspec.UnsetType = msgspec.UNSET


class _List(msgspec.Struct):
    items: list[_Row]
    next_cursor: str | None


_ID = UUID(int=7)


def _read(*rows: _Row) -> list[dict[str, str]]:
    columns = Columns.of_list(_List)
    text = (columns.head() + columns.lines(rows)).decode()
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_every_type_has_its_text() -> None:
    [line] = _read(
        _Row(
            id=_ID,
            amount="-12.30",
            text='a "quoted", text\nof two lines;',
            created_at="2026-11-26T18:19:01.123456Z",
            ended_at="2026-11-26T18:19:01Z",
            day=date(2026, 11, 26),
            moment=datetime(2026, 11, 26, 18, 19, 1, 123456, tzinfo=UTC),
            count=2**53 + 1,
            data=[{"b": 1, "a": None}],
            raw=msgspec.Raw(b'{"n":1.10}'),
        )
    )
    assert line == {
        "id": str(_ID),
        "amount": "-12.30",
        "text": 'a "quoted", text\nof two lines;',
        "created_at": "2026-11-26 18:19:01.123",
        "ended_at": "2026-11-26 18:19:01",
        "day": "2026-11-26",
        "moment": "2026-11-26 18:19:01.123",
        "is_open": "true",
        "word": "open",
        "count": "9007199254740993",
        "data": '[{"b":1,"a":null}]',
        "raw": '{"n":1.10}',
        "missing": "",
    }


def test_a_list_of_nothing_has_its_columns() -> None:
    assert Columns.of_list(_List).head().startswith(b"id,amount,text,created_at,")
    assert _read() == []


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("http://x","y")',
        "+1+1",
        "-1-1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "  =1+1",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\tx",
        "\u00a0=1+1",
        "\uff1d1+1",
        "\uff201",
        "-1e5x",
        "+",
    ],
)
def test_a_formula_is_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    [line] = _read(_Row(id=_ID, amount="1", text=text, created_at=""))
    assert line["text"] == f"'{text}"
    [line] = _read(_Row(id=_ID, amount="1", text="x", created_at=text))  # whatever the column
    assert line["created_at"] == f"'{text}"


@pytest.mark.parametrize("text", ["", "-5.00", "+79161234567", "12", "a=b", "x@y.org", "'", " x"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
