"""Rows as CSV (RFC 4180) that a spreadsheet reads: plain numbers, dates, no formulas.

Times stand in UTC as `2026-11-26 18:19:01.123`: spreadsheets take the form with T and Z for text.
"""

import csv
import enum
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final, get_args, get_type_hints
from uuid import UUID

import msgspec

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Before the text of a file that a person opens: Excel reads UTF-8 only behind it."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
# A program starts a formula at these signs, some after blanks, and full-width ones as well.
_FORMULA: Final = re.compile(r"[\t\r\n]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")
_MOMENT: Final = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:(\.\d{3})\d*)?Z", re.ASCII)
_MOMENT_NAMES: Final = ("_at", "_date", "_since")
_encode: Final = msgspec.json.Encoder().encode


class Columns:
    """The columns of a struct, by the names its JSON has."""

    def __init__(self, row: type[msgspec.Struct]) -> None:
        """`row`: the struct of a row."""
        self.names: Sequence[str] = row.__struct_encode_fields__
        self._fields = [
            (field, name == "at" or name.endswith(_MOMENT_NAMES))
            for field, name in zip(row.__struct_fields__, self.names, strict=True)
        ]

    @classmethod
    def of_list(cls, answer: type[msgspec.Struct]) -> "Columns":
        """Those of the `items` of a list's answer."""
        (row,) = get_args(get_type_hints(answer)["items"])
        return cls(row)

    def head(self) -> bytes:
        """The first line: the names."""
        return lines_of([self.names])

    def lines(self, rows: Iterable[msgspec.Struct]) -> bytes:
        """One line a row."""
        return lines_of(
            [_cell(getattr(row, field), is_moment=is_moment) for field, is_moment in self._fields]
            for row in rows
        )


def lines_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows of texts, each ended as RFC 4180 wants it; the texts are `harmless` already."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(value: Any, *, is_moment: bool) -> str:
    """A value as text; objects and lists as JSON, what is absent as nothing."""
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        return _moment(value) if is_moment else harmless(value)
    if value is None or value is msgspec.UNSET:
        return ""
    if isinstance(value, bool | dict | list | tuple | msgspec.Struct | float):
        return _encode(value).decode()
    if isinstance(value, msgspec.Raw):
        return bytes(value).decode()
    if isinstance(value, enum.Enum):
        return harmless(str(value.value))
    return _plain(value)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds").removesuffix("+00:00")
    if isinstance(value, int | UUID | date):
        return str(value)
    raise TypeError(f"no text of a {type(value).__name__} for a cell")


def _moment(text: str) -> str:
    match = _MOMENT.fullmatch(text)
    if match is None:
        return harmless(text)
    day, time, fraction = match.groups()
    return f"{day} {time}{fraction or ''}"


def harmless(text: str) -> str:
    """The text; an apostrophe before it where a spreadsheet would take it for a formula."""
    if _FORMULA.match(text) and _NUMBER.fullmatch(text) is None:
        return f"'{text}"
    return text
