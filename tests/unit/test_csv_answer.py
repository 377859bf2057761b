"""Who asks for CSV: the query first, then what Accept prefers."""

from typing import Any, Literal, cast

import pytest

from payments.http.csv_answer import CsvQuery, asks_for_csv
from payments.http.services import HttpRequest


class _Request:
    def __init__(self, *accept: str) -> None:
        self.scope: dict[str, Any] = {"headers": [(b"accept", a.encode()) for a in accept]}


@pytest.mark.parametrize(
    ("accept", "format_", "is_csv"),
    [
        ((), None, False),
        (("*/*",), None, False),
        (("text/*",), None, False),
        (("text/csv",), None, True),
        (("TEXT/CSV; charset=utf-8",), None, True),
        (("text/csv, */*;q=0.5",), None, True),
        (("application/json", "text/csv"), None, False),
        (("text/csv, application/json",), None, True),
        (("text/csv;q=0.5, application/json",), None, False),
        (("text/csv;q=0",), None, False),
        (("text/csv",), "json", False),
        (("application/json",), "csv", True),
    ],
)
def test_query_then_accept(
    accept: tuple[str, ...], format_: Literal["json", "csv"] | None, *, is_csv: bool
) -> None:
    request = cast("HttpRequest", _Request(*accept))
    assert asks_for_csv(request, CsvQuery(format=format_)) is is_csv
