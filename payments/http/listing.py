"""One way to answer a list: a page as JSON, or all of it as CSV."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from payments.http.access import access_here
from payments.http.csv_answer import ROWS_A_READ, asks_for_csv, csv_reply
from payments.http.csv_text import Columns
from payments.http.lists import Page, decode_cursor, encode_cursor, page_of
from payments.http.reply import Reply, json_reply
from payments.http.services import HttpRequest
from payments.http.streaming import StreamReply

T = TypeVar("T")
KeyT = TypeVar("KeyT")


class Lines(msgspec.Struct, frozen=True):
    """How an item stands in CSV when it is not just one line with the item's fields."""

    row: type[msgspec.Struct]
    of: Callable[[Any], Iterable[msgspec.Struct]]


class Listing(msgspec.Struct, Generic[T, KeyT], frozen=True, kw_only=True):
    """How a list is read, newest first.

    `read` gives up to so many rows after a key (None: from the first). `key`: a row's, which reads
    back as the type `cursor`. `item`: what is shown of a row.
    """

    cursor: Any
    read: Callable[[KeyT | None, int], Awaitable[Sequence[T]]]
    key: Callable[[T], Any]
    item: Callable[[T], Any] = lambda row: row
    lines: Lines | None = None


async def list_reply(
    request: HttpRequest, page: Page, listing: Listing[T, KeyT]
) -> Reply | StreamReply:
    """Answer a page, or the whole list from the cursor on when the client asks for CSV.

    CSV is read in pieces, each in a transaction of its own (ADR 0120).
    """
    after: KeyT | None = decode_cursor(page.cursor, listing.cursor)
    if asks_for_csv(request, page):
        return await csv_reply(request, _pieces(_columns(request, listing), listing, after))
    rows = await listing.read(after, page.limit + 1)
    return json_reply(page_of(rows, page.limit, listing.key, listing.item))


def _columns(request: HttpRequest, listing: Listing[T, KeyT]) -> Columns:
    """Those of the declared answer's items, so that an empty list has them too."""
    if listing.lines is not None:
        return Columns(listing.lines.row)
    answers = access_here(request).answers or {}
    return Columns.of_list(answers[200])


async def _pieces(
    columns: Columns, listing: Listing[T, KeyT], after: KeyT | None
) -> AsyncIterator[bytes]:
    head = columns.head()
    while True:
        rows = await listing.read(after, ROWS_A_READ)
        items = map(listing.item, rows)
        if listing.lines is None:
            yield head + columns.lines(items)
        else:
            of = listing.lines.of
            yield head + columns.lines(line for item in items for line in of(item))
        if len(rows) < ROWS_A_READ:
            return
        head, after = b"", decode_cursor(encode_cursor(listing.key(rows[-1])), listing.cursor)
