"""Events: what clients are told, newest first, by type and by the thing they are about."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.response.base import ASGIResponse
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.events.event import NumberedEvent
from payments.events.types import is_pattern, matcher
from payments.http.lists import decode_cursor, encode_cursor
from payments.http.query import InvalidQuery, read_query
from payments.http.services import HttpRequest
from payments.kernel.strict import ID_MAX
from payments.reads.event_feed import EventFeed
from payments.surfaces.console.access import page_access
from payments.surfaces.console.cells import Id, Moment, Text
from payments.surfaces.console.config import ConsoleConfig
from payments.surfaces.console.lists import (
    Column,
    ListPage,
    ListQuery,
    Sources,
    answer_list,
    fields_of,
)
from payments.surfaces.console.render import page

PATH: Final = "/console/events"


class EventsQuery(ListQuery, frozen=True, kw_only=True):
    """`type`: `payout.paid` or `payout.*`. `thing`: any id that stands in the event."""

    type: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    thing: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


def _matches(query: EventsQuery) -> Callable[[NumberedEvent], bool]:
    if query.type is not None and not is_pattern(query.type):
        message = "this is no type: write payout.paid, payout.* or *"
        raise InvalidQuery(message, errors=[{"field": "type", "message": message}])
    is_of_type = matcher(() if query.type is None else (query.type,))
    thing = query.thing

    def matches(event: NumberedEvent) -> bool:
        return is_of_type(event.type) and (thing is None or _is_about(event, thing))

    return matches


def _is_about(event: NumberedEvent, thing: str) -> bool:
    """True when the thing is the event, its operation, or one of the values that it carries."""
    if thing in {event.id, event.operation_id}:
        return True
    data = msgspec.json.decode(event.data)
    return isinstance(data, dict) and any(str(value) == thing for value in data.values())


def _data(event: NumberedEvent) -> str:
    return bytes(event.data).decode()


def events_of(feed: EventFeed) -> ListPage:
    """The list of events, as a page and as CSV."""

    async def load(
        _sources: Sources, query: EventsQuery, before: int | None, count: int
    ) -> Sequence[NumberedEvent]:
        """Events for the CSV: however far away the next one is."""
        matches, through = _matches(query), before or ID_MAX
        events: list[NumberedEvent] = []
        is_more = True
        while is_more and len(events) < count:
            read = await feed.read_before(through, matches, count - len(events))
            events += read.events
            through, is_more = read.through, read.is_more
        return events

    return ListPage(
        path=PATH,
        title="Events",
        query=EventsQuery,
        columns=(
            Column("Number", lambda e: Text(str(e.sequence)), is_number=True),
            Column("When", lambda e: Moment(e.occurred_at)),
            Column("Type", lambda e: Text(e.type)),
            Column("Client", lambda e: Text(e.client)),
            Column("Operation", lambda e: _operation(e.operation_id)),
            Column("What it says", lambda e: Text(_data(e))),
        ),
        load=load,
        key=lambda e: e.sequence,
        key_type=int,
        empty="Nothing has happened yet. Whatever is decided appears here.",
        intro="What was decided, as clients are told it. PAYMENTS_EVENTS_KEEP_DAYS lets old ones "
        "go.",
    )


def _operation(operation_id: str | None) -> Any:
    if operation_id is None:
        return Text("")
    return Id(operation_id, f"/console/operations/{operation_id}")


@get(PATH, access=page_access())
async def list_events(
    request: HttpRequest,
    engine: NamedDependency[AsyncEngine],
    feed: NamedDependency[EventFeed],
    console: NamedDependency[ConsoleConfig],
) -> ASGIResponse:
    """Events, newest first. A page looks through a bounded number of them and says how far."""
    query = read_query(request, EventsQuery, is_form=True)
    matches = _matches(query)
    shown = events_of(feed)
    last = (await feed.position()).last_sequence
    if query.format == "csv":
        return await answer_list(request, shown, (engine, engine), console.lens())
    before = decode_cursor(query.cursor, int)
    read = await feed.read_before(last + 1 if before is None else before, matches, query.limit)
    return page(
        request,
        "events.html",
        at=PATH,
        shown=shown,
        rows=read.events,
        filters=fields_of(EventsQuery, query),
        query=query,
        through=read.through,
        following=encode_cursor(read.through) if read.is_more else None,
    )


HANDLERS: Final = (list_events,)
