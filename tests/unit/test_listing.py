"""A long list as CSV: in pieces, as fast as the client reads, in memory of one piece."""

import asyncio
import tracemalloc
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from litestar import get
from litestar.exceptions import LitestarException
from litestar.response.base import ASGIResponse

from payments.http.access import Access
from payments.http.csv_answer import ROWS_A_READ
from payments.http.listing import Listing, list_reply
from payments.http.lists import Page
from payments.http.query import read_query
from payments.http.services import HttpRequest
from tests.unit.http_app import Api

_ROWS = 40_000
_BYTES_MAX = 4_000_000
_TEXT = "x" * 200


class _Row(msgspec.Struct, frozen=True):
    number: int
    text: str


class _List(msgspec.Struct):
    items: list[_Row]
    next_cursor: str | None


@get("/v1/rows", access=Access("public", query=Page, answers={200: _List}))
async def list_rows(request: HttpRequest) -> ASGIResponse:
    """Rows, newest first."""

    async def read(before: int | None, count: int) -> Sequence[_Row]:
        first = _ROWS if before is None else before - 1
        if request.headers.get("breaks") and before is not None:
            raise ConnectionError("the database went away")
        return [_Row(n, _TEXT) for n in range(first, max(first - count, 0), -1)]

    listing = Listing(cursor=int, read=read, key=lambda row: row.number)
    return await list_reply(request, read_query(request, Page), listing)


async def _sent(api: Api, *headers: tuple[bytes, bytes]) -> tuple[int, int, int]:
    """Bytes, pieces, and the most memory at once while they are sent."""
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/v1/rows",
        "raw_path": b"/v1/rows",
        "query_string": b"limit=1",
        "root_path": "",
        "headers": [(b"accept", b"text/csv"), *headers],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "scheme": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }
    count = pieces = 0

    async def send(message: Any) -> None:
        nonlocal count, pieces
        count += len(message.get("body", b""))
        pieces += message["type"] == "http.response.body" and bool(message["body"])

    async def receive() -> Any:
        return await asyncio.Event().wait()  # the client stays

    tracemalloc.start()
    try:
        await api.app(scope, receive, send)  # type: ignore[arg-type]
        return count, pieces, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def test_memory_is_that_of_a_piece() -> None:
    count, pieces, peak = await _sent(Api(list_rows))
    assert count > _ROWS * len(_TEXT)
    assert pieces == _ROWS // ROWS_A_READ
    assert peak < _BYTES_MAX < count / 2


async def test_a_list_that_breaks_off_is_not_taken_for_whole() -> None:
    """The connection is cut: the client does not see an end."""
    with pytest.raises(LitestarException, match="after response started"):
        await _sent(Api(list_rows), (b"breaks", b"1"))
