"""Lists: filters in the URL, pages by cursor, the same rows as CSV."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from litestar.response.base import ASGIResponse
from msgspec import inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from payments.http.csv_text import BYTE_ORDER_MARK, lines_of
from payments.http.head import is_head
from payments.http.lists import LIMIT_MAX, Page, decode_cursor, encode_cursor
from payments.http.query import read_query
from payments.http.services import HttpRequest
from payments.http.streaming import StreamReply
from payments.operators.action import Action, Subject
from payments.operators.writes import record_action
from payments.payouts.queries import Lens
from payments.surfaces.console.access import seat_of
from payments.surfaces.console.cells import Cell
from payments.surfaces.console.headers import SECURITY
from payments.surfaces.console.render import page

EXPORT_MAX: Final = 100_000
"""Rows of a CSV; a longer list says in its last line that it was cut."""
_OWN: Final = ("limit", "cursor", "format")


class ListQuery(Page, frozen=True, kw_only=True):
    """Base of the filters of a list."""


class Column(msgspec.Struct, frozen=True):
    """A column: its heading and the cell of a row. `is_number`: aligned to the right."""

    heading: str
    cell: Callable[[Any], Cell]
    is_number: bool = False


class Sources(msgspec.Struct, frozen=True):
    """What the loader of a list reads from."""

    engine: AsyncEngine
    now: datetime
    lens: Lens


Load = Callable[[Sources, Any, Any, int], Awaitable[Sequence[Any]]]
"""Rows after a key: `load(sources, query, key, count)`."""


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """A list. `key`: where a row stands in the order; `empty`: what to do when nothing is there."""

    path: str
    title: str
    query: type[ListQuery]
    columns: tuple[Column, ...]
    load: Load
    key: Callable[[Any], Any]
    key_type: Any
    empty: str
    intro: str = ""

    @property
    def name(self) -> str:
        """The last word of the path."""
        return self.path.rpartition("/")[2]


class FilterField(msgspec.Struct, frozen=True):
    """A field of the form above a list."""

    name: str
    label: str
    kind: str
    value: str
    choices: tuple[str, ...] = ()


async def answer_list(
    request: HttpRequest,
    shown: ListPage,
    engines: tuple[AsyncEngine, AsyncEngine],
    lens: Lens,
    *,
    template: str = "list.html",
    **more: Any,
) -> ASGIResponse:
    """The list as a page, or as CSV for `?format=csv`; `engines`: to read from, and the primary."""
    query = read_query(request, shown.query, is_form=True)
    sources = Sources(engines[0], seat_of(request).now, lens)
    if query.format == "csv":
        if not is_head(request.scope):
            await _record_export(request, shown, engines[1])
        return _csv_reply(shown, sources, query)
    before = decode_cursor(query.cursor, shown.key_type)
    rows = await shown.load(sources, query, before, query.limit + 1)
    filters = _given(query)
    following = None
    if len(rows) > query.limit:
        rows = rows[: query.limit]
        following = _address(shown, {**filters, "cursor": encode_cursor(shown.key(rows[-1]))})
    return page(
        request,
        template,
        at=shown.path,
        shown=shown,
        rows=rows,
        filters=fields_of(shown.query, query),
        is_filtered=bool(filters),
        is_first=query.cursor is None,
        first=_address(shown, filters),
        following=following,
        csv=_address(shown, {**filters, "format": "csv"}),
        **more,
    )


def fields_of(type_: type[ListQuery], query: ListQuery) -> list[FilterField]:
    """The fields of the form, from the struct of the filters."""
    info = inspect.type_info(type_)
    assert isinstance(info, inspect.StructType)
    fields = []
    for field in info.fields:
        if field.name in _OWN:
            continue
        kind, choices = _kind(field.type)
        value = getattr(query, field.name)
        label = field.encode_name.replace("_", " ").capitalize()
        text = "" if value is None else str(getattr(value, "value", value))
        fields.append(FilterField(field.encode_name, label, kind, text, choices))
    return fields


def _kind(type_: inspect.Type) -> tuple[str, tuple[str, ...]]:
    if isinstance(type_, inspect.UnionType):
        type_ = next(t for t in type_.types if not isinstance(t, inspect.NoneType))
    if isinstance(type_, inspect.Metadata):
        type_ = type_.type
    if isinstance(type_, inspect.LiteralType):
        return "choice", tuple(str(value) for value in type_.values)
    if isinstance(type_, inspect.EnumType):
        return "choice", tuple(str(member.value) for member in type_.cls)
    if isinstance(type_, inspect.BoolType):
        return "choice", ("true", "false")
    return ("day" if isinstance(type_, inspect.DateType) else "text"), ()


def _given(query: ListQuery) -> Mapping[str, str]:
    """The filters that are set, as they stand in a URL."""
    values = msgspec.to_builtins(query)
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if name not in _OWN and value is not None
    }


def _address(shown: ListPage, parameters: Mapping[str, str]) -> str:
    return f"{shown.path}?{urlencode(parameters)}" if parameters else shown.path


async def _record_export(request: HttpRequest, shown: ListPage, engine: AsyncEngine) -> None:
    seat = seat_of(request)
    query = request.scope["query_string"].decode("ascii", "replace")[:1000]
    action = Action(
        doer=seat.doer,
        action="list.export",
        subject=Subject("list", shown.name),
        after={"filters": query},
    )
    await record_action(engine, action, seat.now)


def _csv_reply(shown: ListPage, sources: Sources, query: ListQuery) -> StreamReply:
    name = f"{shown.name}-{sources.now:%Y%m%d-%H%M}.csv"
    disposition = (b"content-disposition", f'attachment; filename="{name}"'.encode())
    pieces = _csv_pieces(shown, sources, query)
    return StreamReply(pieces, b"text/csv; charset=utf-8", (*SECURITY, disposition))


async def _csv_pieces(shown: ListPage, sources: Sources, query: ListQuery) -> AsyncIterator[bytes]:
    """Whole pages of rows; each is one short query."""
    yield BYTE_ORDER_MARK + lines_of([[column.heading for column in shown.columns]])
    key = decode_cursor(query.cursor, shown.key_type)
    for _ in range(EXPORT_MAX // LIMIT_MAX):
        rows = await shown.load(sources, query, key, LIMIT_MAX)
        yield lines_of([[c.cell(row).plain() for c in shown.columns] for row in rows])
        if len(rows) < LIMIT_MAX:
            return
        key = shown.key(rows[-1])
    yield lines_of([[f"cut after {EXPORT_MAX} rows: narrow the filter"]])
