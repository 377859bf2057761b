"""Lists: newest first, in pages of limited size, with an opaque cursor that new rows do
not shift.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from payments.http.csv_answer import CsvQuery
from payments.http.query import BIGINT, InvalidQuery
from payments.kernel.strict import NotRead, check_time

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200

Limit = Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)]
T = TypeVar("T")
KeyT = TypeVar("KeyT")


class InvalidCursor(InvalidQuery):
    """The cursor is not one that a list gave."""

    code = "invalid_cursor"


class Page(CsvQuery, frozen=True, kw_only=True):
    """`?limit=&cursor=`: base of a list's query string."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=4000)] | None = None


def encode_cursor(key: Any) -> str:
    """Encode the key of the last row."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, type_: type[KeyT]) -> KeyT | None:
    """Decode a cursor to the last row's key; None for the first page. Raises 422
    `invalid_cursor`.
    """
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = msgspec.json.decode(raw, type=type_)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise InvalidCursor from None
    parts = key if isinstance(key, tuple | list) else (key,)
    if not all(map(_is_bounded, parts)) or encode_cursor(key) != cursor:
        raise InvalidCursor  # another spelling of the same key: no list returned it
    return key


def _is_bounded(part: object) -> bool:
    """True for values that PostgreSQL accepts; a forged cursor may hold anything."""
    if isinstance(part, datetime):
        try:
            check_time(part)
        except NotRead:
            return False
    return not isinstance(part, int) or part in BIGINT


def page_of(
    rows: Sequence[T], limit: int, key: Callable[[T], Any], item: Callable[[T], Any]
) -> dict[str, Any]:
    """`{"items", "next_cursor"}` of rows queried with `LIMIT limit + 1`.

    The extra row is not shown; it means that there is another page.
    """
    page = rows[:limit]
    has_more = len(rows) > limit
    return {
        "items": [item(r) for r in page],
        "next_cursor": encode_cursor(key(page[-1])) if has_more else None,
    }
