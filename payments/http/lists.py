"""Lists: newest first, bounded pages, an opaque cursor that is stable while rows are added."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import msgspec

from payments.http.query import BIGINT, InvalidQuery, Query
from payments.kernel.strict import NotRead, check_time

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200

Limit = Annotated[int, msgspec.Meta(ge=1, le=LIMIT_MAX)]
T = TypeVar("T")
KeyT = TypeVar("KeyT")


class InvalidCursor(InvalidQuery):
    """The cursor is not one that a list gave."""

    code = "invalid_cursor"


class Page(Query, frozen=True, kw_only=True):
    """`?limit=&cursor=`: base of a list's query string."""

    limit: Limit = LIMIT_DEFAULT
    cursor: Annotated[str, msgspec.Meta(max_length=500)] | None = None


def encode_cursor(key: Any) -> str:
    """The key of the last row as opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str | None, type_: type[KeyT]) -> KeyT | None:
    """The key a cursor stands for; None for the first page. Raises 422 `invalid_cursor`."""
    if cursor is None:
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=type_)
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError):
        raise InvalidCursor from None
    parts = found if isinstance(found, tuple | list) else (found,)
    if not all(map(_is_bounded, parts)) or encode_cursor(found) != cursor:
        raise InvalidCursor  # the same row by another name: no list gave that
    return found


def _is_bounded(part: object) -> bool:
    """True for what PostgreSQL can be asked about: a cursor that no list gave may hold anything."""
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

    The extra row only says there is more.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    return {
        "items": [item(r) for r in shown],
        "next_cursor": encode_cursor(key(shown[-1])) if more else None,
    }
