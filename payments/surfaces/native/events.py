"""Events: what was decided, in the order of commits, for whoever must know."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse

from payments.events.event import NumberedEvent
from payments.events.types import is_pattern, matcher
from payments.http.access import Access
from payments.http.auth import API_KEY
from payments.http.csv_answer import ROWS_A_READ, CsvQuery, asks_for_csv, csv_reply
from payments.http.csv_text import Columns
from payments.http.prefer import WAIT_MAX_S
from payments.http.query import InvalidQuery, read_query
from payments.http.reply import json_reply
from payments.http.services import HttpRequest, header
from payments.http.streaming import EVENT_STREAM, StreamReply
from payments.kernel.errors import PaymentsError
from payments.reads.event_feed import EventFeed

READ: Final = "events:read"
LIMIT_MAX: Final = 1000
_LAST_EVENT_ID: Final = "Last-Event-ID"
_A_PIECE: Final = 500
_ALIVE_EVERY_S: Final = 15.0
_encode: Final = msgspec.json.Encoder().encode


class EventsPruned(PaymentsError):
    """Events after this number are kept no more; go on from the oldest that is kept."""

    status = 410
    code = "events_pruned"


class EventsQuery(CsvQuery, frozen=True, kw_only=True):
    """`after`: the sequence you have seen. `type`: `payout.*,transfer.applied`. `wait`: seconds."""

    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    cursor: Annotated[int, msgspec.Meta(ge=0)] | None = None
    type: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)] = 100
    wait: Annotated[int, msgspec.Meta(ge=0, le=WAIT_MAX_S)] = 0


class EventList(msgspec.Struct, kw_only=True):
    """Events, oldest first. `last_sequence`: go on with `after=` this, also after an empty page.

    `next_cursor`: the same when there is more already, null when you have seen all.
    """

    items: list[NumberedEvent]
    next_cursor: str | None
    last_sequence: int


@get(
    "/v1/events",
    access=Access(
        API_KEY,
        READ,
        query=EventsQuery,
        answers={200: EventList},
        headers={_LAST_EVENT_ID: "resumes a stream (Accept: text/event-stream) after this one"},
    ),
)
async def list_events(request: HttpRequest, feed: NamedDependency[EventFeed]) -> ASGIResponse:
    """All events in the order of commits, without gaps; `Accept: text/event-stream` streams.

    `Accept: text/csv` or `format=csv` gives all that there are now, whatever the limit.
    """
    query = read_query(request, EventsQuery)
    matches = _matcher(query.type)
    is_stream = EVENT_STREAM.decode() in (header(request, b"accept") or "")
    after = query.after if query.cursor is None else query.cursor
    if is_stream:
        after = _resumed(request, after)
    pruned_through = (await feed.position()).pruned_through
    if 0 < after < pruned_through:
        raise EventsPruned(oldest_kept=pruned_through + 1)
    if is_stream:
        return StreamReply(_stream(feed, after, matches), EVENT_STREAM)
    if asks_for_csv(request, query):
        return await csv_reply(request, _lines(feed, after, matches))
    found = await feed.read(after, matches, query.limit, query.wait)
    return json_reply(
        {
            "items": found.events,
            "next_cursor": str(found.through) if found.is_more else None,
            "last_sequence": found.through,
        }
    )


def _matcher(text: str) -> Callable[[str], bool]:
    patterns = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    wrong = [one for one in patterns if not is_pattern(one)]
    if wrong:
        message = f"{wrong[0]!r} is no type: write payout.paid, payout.* or *"
        raise InvalidQuery(errors=[{"field": "type", "message": message}])
    return matcher(patterns)


def _resumed(request: HttpRequest, after: int) -> int:
    text = header(request, _LAST_EVENT_ID.lower().encode())
    if text is None or not text.strip():
        return after
    if not (text.isascii() and text.isdecimal() and len(text) < 19):  # noqa: PLR2004 - fits a bigint
        message = "it is the id that the stream gave: a sequence"
        raise InvalidQuery(errors=[{"field": _LAST_EVENT_ID, "message": message}])
    return int(text)


async def _stream(
    feed: EventFeed, after: int, matches: Callable[[str], bool]
) -> AsyncIterator[bytes]:
    """Pieces of many events; a comment when there is nothing, so that proxies keep it open."""
    yield b"retry: 1000\n\n"
    while not feed.is_released:
        found = await feed.read(after, matches, _A_PIECE, _ALIVE_EVERY_S)
        after = found.through
        if found.events:
            yield b"".join(map(_message, found.events))
        else:
            yield b": nothing new\n\n"


async def _lines(
    feed: EventFeed, after: int, matches: Callable[[str], bool]
) -> AsyncIterator[bytes]:
    columns = Columns(NumberedEvent)
    last = (await feed.position()).last_sequence
    head, is_more = columns.head(), True
    while is_more:
        found = await feed.read(after, matches, ROWS_A_READ, 0)
        yield head + columns.lines(event for event in found.events if event.sequence <= last)
        head, after = b"", found.through
        is_more = found.is_more and after < last


def _message(event: NumberedEvent) -> bytes:
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (
        event.sequence,
        event.type.encode(),
        _encode(event),
    )


HANDLERS: Final = (list_events,)
