"""A strict reader of SuperPay's registry as JSON (specification §14), and of what comes beside it.

A file with a fault is refused as a whole, with every fault in `errors[]`.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from payments.kernel.errors import InvalidBody
from payments.kernel.money import currency_of, format_minor
from payments.kernel.rows import Faults, Members, Row, found_text, one_of
from payments.kernel.rows import read_json as read_document
from payments.kernel.strict import (
    day_bounds,
    read_amount,
    read_currency,
    read_day,
    read_id,
    read_time,
    read_whole,
    read_word,
)
from payments.provider.tables import SUPERPAY
from payments.statements.settlement_day import MOVED, Line, Registry

TYPES: Final = frozenset({"payout", "deposit"})
STATUSES: Final = frozenset({"paid", "returned", "failed", "canceled", "expired"})
LINE_ID_MAX: Final = 80
TRANSACTION_ID_MAX: Final = 64
NO_LINES: Final = "lines, or ?empty=true for a day on which nothing happened"

_Sum = tuple[int, int]
_Key = tuple[str, str, str]


class BadRegistry(InvalidBody):
    """The file is not a registry as the specification describes it."""

    code = "invalid_registry"


def read_json(raw: bytes, day: dt.date | None = None, *, may_be_empty: bool = True) -> Registry:
    """The JSON form. `day`: the day it must be for. Raises 422 `invalid_registry`."""
    faults = Faults()
    document = _document(raw, faults)
    file = Row(0, document, faults)
    file_day = file.read("date", read_day)
    generated_at = file.read("generated_at", read_time)
    count = file.read("line_count", read_whole, is_number=True)
    is_closed = document.get("closed")
    if not isinstance(is_closed, bool):
        faults.add(0, "closed", is_closed, "true or false")
    if file_day is not None and day not in {None, file_day}:
        faults.add(0, "date", file_day.isoformat(), f"the day that was asked for, {day}")
    lines = _json_lines(document, file_day, faults)
    if count is not None and count != len(document.get("lines") or ()):
        line_count = f"{len(document.get('lines') or ())} lines"
        faults.add(0, "line_count", line_count, f"{count} lines, as line_count says")
    _check_totals(document.get("totals"), lines, faults)
    faults.raise_as(BadRegistry)
    if file_day is None or generated_at is None:  # faults were raised
        raise BadRegistry
    if is_closed and generated_at < day_bounds(file_day)[1]:
        expected = f"a time after the day {file_day}, or closed false"
        faults.add(0, "generated_at", generated_at.isoformat(), expected)
    registry = Registry(
        provider=SUPERPAY,
        day=file_day,
        is_closed=is_closed is True,
        generated_at=generated_at,
        lines=lines,
        raw=raw,
    )
    return _whole(registry, faults, may_be_empty=may_be_empty)


def _document(raw: bytes, faults: Faults) -> Members:
    try:
        document = read_document(raw)
    except (ValueError, RecursionError) as error:
        faults.add(0, "file", str(error), "a JSON document in UTF-8")
        document = None
    if not isinstance(document, Members):
        faults.add(0, "file", document, "a JSON object with date, lines and totals")
        faults.raise_as(BadRegistry)
        return Members()
    return document


def _json_lines(document: Mapping[str, Any], day: dt.date | None, faults: Faults) -> list[Line]:
    rows = document.get("lines")
    if not isinstance(rows, list):
        faults.add(0, "lines", rows, "a list of lines")
        return []
    lines: list[Line] = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, Members):
            lines += _line(Row(number, row, faults), row, day, faults)
        else:
            faults.add(number, "line", row, "a JSON object")
    return lines


def _line(
    row: Row, fields: Mapping[str, Any], day: dt.date | None, faults: Faults
) -> Iterable[Line]:
    """The line, or nothing when a field is wrong. Fees are informational and are not read."""
    line_id = row.read("line_id", partial(read_word, length_max=LINE_ID_MAX))
    transaction_id = row.read("transaction_id", partial(read_word, length_max=TRANSACTION_ID_MAX))
    merchant_id = row.read("merchant_id", read_id, is_number=True)
    kind = row.read("type", one_of(TYPES))
    status = row.read("status", one_of(STATUSES))
    currency = row.read("currency", read_currency)
    minor = None
    if currency is not None:
        minor = row.read_either("amount", partial(read_amount, currency=currency))
    operated_at = row.read("operated_at", read_time)
    if operated_at is not None and day is not None and operated_at.date() != day:
        faults.add(row.line, "operated_at", fields["operated_at"], f"a time on {day}, in UTC")
    if (
        line_id is None
        or transaction_id is None
        or merchant_id is None
        or kind is None
        or status is None
        or currency is None
        or minor is None
        or operated_at is None
    ):
        return ()
    line = Line(
        line_id=line_id,
        transaction_id=transaction_id,
        merchant_id=merchant_id,
        kind=kind,
        status=status,
        minor=minor,
        currency=currency.code,
        operated_at=operated_at,
    )
    return (line,)


def _check_totals(totals: Any, lines: Sequence[Line], faults: Faults) -> None:
    """If the file has `totals`, they must equal the sums of its lines."""
    if totals is None:
        return
    if not isinstance(totals, list):
        faults.add(0, "totals", totals, "a list of totals")
        return
    stated: dict[_Key, _Sum] = {}
    for number, total in enumerate(totals, 1):
        _read_total(number, total, stated, faults)
    sums = _sums(lines)
    if faults.count:
        return  # what the lines sum to is not known
    for key in sorted(stated.keys() | sums.keys()):
        stated_sum, actual_sum = stated.get(key, (0, 0)), sums.get(key, (0, 0))
        if stated_sum != actual_sum:
            field = f"totals of {' '.join(key)}"
            faults.add(
                0,
                field,
                f"lines that sum to {_sum_text(actual_sum, key)}",
                _sum_text(stated_sum, key),
            )


def _read_total(number: int, total: Any, stated: dict[_Key, _Sum], faults: Faults) -> None:
    if not isinstance(total, Members):
        faults.add(0, f"totals[{number}]", total, "a JSON object")
        return
    row = Row(0, total, faults)
    kind, status = row.read("type", one_of(TYPES)), row.read("status", one_of(MOVED))
    currency = row.read("currency", read_currency)
    count = row.read("count", read_whole, is_number=True)
    if currency is None or kind is None or status is None or count is None:
        return
    minor = row.read_either("amount", partial(read_amount, currency=currency))
    key = (kind, status, currency.code)
    if key in stated:
        faults.add(0, f"totals[{number}]", f"{' '.join(key)} twice", "each sum once")
    stated[key] = (count, minor or 0)


def _sums(lines: Sequence[Line]) -> dict[_Key, _Sum]:
    counts: Counter[_Key] = Counter()
    minors: defaultdict[_Key, int] = defaultdict(int)
    for line in lines:
        if line.status in MOVED:
            key = (line.kind, line.status, line.currency)
            counts[key] += 1
            minors[key] += line.minor
    return {key: (counts[key], minors[key]) for key in counts}


def _sum_text(total: _Sum, key: _Key) -> str:
    return f"{format_minor(total[1], currency_of(key[2]))} in {total[0]} lines"


def _whole(registry: Registry, faults: Faults, *, may_be_empty: bool) -> Registry:
    """The registry, if the file has no fault."""
    for line_id, count in Counter(line.line_id for line in registry.lines).items():
        if count > 1:
            faults.add(0, "line_id", f"{line_id} in {count} lines", "a line_id of its own a line")
    if not registry.lines and not may_be_empty and not faults.count:
        faults.add(0, "file", "no lines", NO_LINES)
    faults.raise_as(BadRegistry)
    return registry


def check_headers(registry: Registry, headers: Mapping[str, str], digest: str) -> None:
    """The headers of a fetched file must agree with it. Raises 422 `invalid_registry`."""
    faults = Faults()
    beside: tuple[tuple[str, str, Callable[[str], str]], ...] = (
        ("digest", f"sha-256={digest}", str),
        ("superpay-registry-closed", "true" if registry.is_closed else "false", str.lower),
        ("superpay-registry-lines", str(len(registry.lines)), str),
    )
    for name, ours, normal in beside:
        if name in headers and normal(headers[name].strip()) != ours:
            faults.add(0, name, f"a file with {found_text(ours)}", f"{found_text(headers[name])}")
    faults.raise_as(BadRegistry)
