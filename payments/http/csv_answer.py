"""Lists as CSV: asked for by `?format=csv` or `Accept: text/csv`, sent as a stream."""

import re
from collections.abc import AsyncIterator
from typing import Final, Literal

from payments.http.csv_text import BYTE_ORDER_MARK
from payments.http.query import Query
from payments.http.reply import Header
from payments.http.services import HttpRequest, Time, header_values, service
from payments.http.streaming import StreamReply

CSV: Final = "text/csv"
ROWS_A_READ: Final = 500
"""How many rows are read at once: what a stream keeps in memory."""

_JSON: Final = "application/json"
_MEDIA_TYPE: Final = b"text/csv; charset=utf-8; header=present"
_QUALITY: Final = re.compile(r";\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.ASCII)
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+", re.ASCII)
_PREFIX: Final = "/v1/"


class CsvQuery(Query, frozen=True, kw_only=True):
    """Base of the query strings of lists that are answered as CSV too.

    `format=csv` answers all of the list, as `Accept: text/csv` does.
    """

    format: Literal["json", "csv"] | None = None


def asks_for_csv(request: HttpRequest, query: CsvQuery) -> bool:
    """True when the query says csv, or says nothing and `Accept` prefers text/csv to JSON."""
    if query.format is not None:
        return query.format == "csv"
    accepted: dict[str, tuple[float, int]] = {}
    for place, part in enumerate(",".join(header_values(request, b"accept")).split(",")):
        quality = _QUALITY.search(part)
        media = part.partition(";")[0].strip().lower()
        accepted[media] = (float(quality[1]) if quality else 1.0, -place)
    csv, json = accepted.get(CSV), accepted.get(_JSON)
    return csv is not None and csv[0] > 0 and (json is None or csv > json)


async def csv_reply(
    request: HttpRequest, pieces: AsyncIterator[bytes], *, has_mark: bool = False
) -> StreamReply:
    """The pieces as a file to download, named after the path and the day.

    The first piece is waited for, so that what is wrong is still a problem document. `has_mark`:
    with a byte order mark, for files that a person opens.
    """
    first = await anext(pieces)
    name = f"{_name(request)}-{service(request, Time).now().date().isoformat()}.csv"
    headers: list[Header] = [
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"vary", b"Accept"),
    ]
    mark = BYTE_ORDER_MARK if has_mark else b""
    return StreamReply(_chained(mark + first, pieces), _MEDIA_TYPE, headers)


def _name(request: HttpRequest) -> str:
    path = str(request.scope["path"]).removeprefix(_PREFIX)
    return _NOT_IN_A_NAME.sub("-", path).strip("-.")[:100] or "list"


async def _chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
