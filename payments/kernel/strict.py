"""Strict readers of text from outside: one for each kind of value, the same for every source.

For paths, queries, cursors, signed fields, CSV and JSON files. Each takes text and gives the value,
or raises `NotRead` with what it expects. All read ASCII only: no digits of other scripts, no
underscores, no spaces around, no sign, no exponent, no byte order mark, no line break at the end.

    read_whole     a whole number within bounds      `17`; not `017`, `+17`, `1_7`, `17 `
    read_id        an integer id, 1 to 2^53-1
    read_uuid      a UUID of 8-4-4-4-12 hex digits   not `{…}`, `urn:uuid:…` or 32 digits
    read_word      a name of letters, digits, - _    ids of a provider
    read_amount    a positive amount, in minor units `12.30`; not `1e3`, `1,5`, `12.345 RUB`
    read_currency  an ISO 4217 code in either case; the currency has the normal form
    read_day       `2026-11-26`, DAY_MIN to DAY_MAX
    read_time      RFC 3339 within these days; without a zone only when the source declares one

`check_day` and `check_time` hold values that another reader made (msgspec) to the same bounds.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID

from payments.kernel.errors import InvalidAmount, InvalidCurrency
from payments.kernel.money import Currency, currency_of, parse_minor

ID_MAX: Final = 2**53 - 1
"""Largest integer id: the largest that JSON readers using doubles represent exactly."""
DAY_MIN: Final = date(2000, 1, 1)
DAY_MAX: Final = date(2099, 12, 31)
"""Days outside these bounds are refused; arithmetic on the last days of a calendar fails."""

_FOUND_MAX: Final = 60
_WHOLE: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_DAYS: Final = f"from {DAY_MIN} to {DAY_MAX}"


class NotRead(ValueError):
    """Text that a strict reader refuses; `expected` is a phrase for people."""

    def __init__(self, expected: str) -> None:
        """`expected` continues "expected …": "a day, 2026-11-26"."""
        self.expected = expected
        super().__init__(f"expected {expected}")


def read_whole(text: str, least: int = 0, most: int = ID_MAX) -> int:
    """A whole number from `least` to `most`, both 0 or more."""
    expected = f"a whole number from {least} to {most}, in plain digits"
    if _WHOLE.fullmatch(text) is None or not least <= int(text) <= most:
        raise NotRead(expected)
    return int(text)


def read_id(text: str) -> int:
    return read_whole(text, 1, ID_MAX)


def read_uuid(text: str) -> UUID:
    """A UUID in its usual form, upper or lower case."""
    if _UUID.fullmatch(text) is None:
        raise NotRead("a UUID, 8-4-4-4-12 hexadecimal digits")
    return UUID(text)


def read_word(text: str, length_max: int) -> str:
    """A provider's id: ASCII letters, digits, `-` and `_`."""
    if _WORD.fullmatch(text) is None or len(text) > length_max:
        raise NotRead(f"1 to {length_max} ASCII letters, digits, - or _")
    return text


def read_amount(text: str, currency: Currency) -> int:
    try:
        return parse_minor(text.replace('"', "'"), currency)
    except InvalidAmount as error:
        raise NotRead(f"an amount of {currency.code}: {error.detail}") from None


def read_currency(text: str) -> Currency:
    try:
        return currency_of(text)
    except InvalidCurrency:
        raise NotRead("an ISO 4217 currency code, such as RUB") from None


def read_day(text: str) -> date:
    if _DAY.fullmatch(text) is None:
        raise NotRead(f"a day, 2026-11-26, {_DAYS}")
    try:
        return check_day(date.fromisoformat(text))
    except NotRead:
        raise
    except ValueError:
        raise NotRead("a day that the calendar has") from None


def read_time(text: str, zone: tzinfo | None = None) -> datetime:
    """A time in UTC. `zone`: the time zone the source declares for times without one."""
    parts = _TIME.fullmatch(text)
    if parts is None or (parts[4] is None and zone is None):
        raise NotRead("a time with its zone, 2026-11-26T12:00:00Z")
    fraction = (parts[3] or ".")[:7].ljust(7, "0")
    offset = (parts[4] or "").upper().replace("Z", "+00:00")
    try:
        moment = datetime.fromisoformat(f"{parts[1]}T{parts[2]}{fraction}{offset}")
    except ValueError:
        raise NotRead("a time that calendar and clock have") from None
    return check_time(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def check_day(day: date) -> date:
    """The day, if it is within the bounds; otherwise raises `NotRead`."""
    if not DAY_MIN <= day <= DAY_MAX:
        raise NotRead(f"a day {_DAYS}")
    return day


def check_time(moment: datetime) -> datetime:
    """The time in UTC, if it has a zone and is within the bounds; otherwise raises `NotRead`."""
    if moment.tzinfo is None:
        raise NotRead("a time with its zone, 2026-11-26T12:00:00Z")
    if not DAY_MIN <= moment.date() <= DAY_MAX:
        raise NotRead(f"a time {_DAYS}")
    return moment.astimezone(UTC)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """The start of a UTC day and the start of the next one."""
    begins = datetime.combine(check_day(day), time(), UTC)
    return begins, begins + timedelta(days=1)


def shown(text: str) -> str:
    """Text for an error message: shortened, with unprintable characters escaped."""
    cut = text if len(text) <= _FOUND_MAX else f"{text[:_FOUND_MAX]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
