"""SuperPay's registry files (specification §14), JSON and CSV, read strictly.

A bad file is refused whole.
"""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from payments.kernel.errors import InvalidAmount, InvalidBody, InvalidCurrency
from payments.kernel.money import currency_of, parse_minor
from payments.provider.tables import SUPERPAY
from payments.reconciliation.compare import Line
from payments.reconciliation.writes import Registry
from payments.surfaces.superpay.bodies import UNREADABLE

STATUSES: Final = frozenset({"paid", "returned", "failed", "canceled", "expired"})
COLUMNS: Final = (
    "line_id",
    "transaction_id",
    "merchant_id",
    "type",
    "status",
    "amount",
    "currency",
    "fee_amount",
    "fee_currency",
    "operated_at",
)


class _Line(msgspec.Struct, frozen=True, kw_only=True):
    line_id: str
    transaction_id: str
    merchant_id: int
    type: str
    status: str
    amount: msgspec.Raw
    currency: str
    operated_at: datetime


class _File(msgspec.Struct, frozen=True, kw_only=True):
    date: dt.date
    closed: bool
    generated_at: datetime
    line_count: int
    lines: Sequence[_Line]


class BadRegistry(InvalidBody):
    """The file is not a registry as the specification describes it."""

    code = "invalid_registry"


def read_json(raw: bytes) -> Registry:
    """The JSON form. Raises 422 `invalid_registry`."""
    try:
        file = msgspec.json.decode(raw, type=_File)
        lines = [_line(one, bytes(one.amount)) for one in file.lines]
        generated_at = file.generated_at.astimezone(UTC)
    except (*UNREADABLE, InvalidBody) as error:
        raise BadRegistry(str(error)[:300]) from None
    return _registry(file.date, file.closed, generated_at, file.line_count, lines, raw)


def read_csv(raw: bytes, day: dt.date, now: datetime, *, is_closed: bool) -> Registry:
    """The CSV form; its day and whether it is closed come beside it.

    Raises 422 `invalid_registry`.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8"), newline=""), strict=True))
        lines = [_csv_line(row) for row in rows]
    except (*UNREADABLE, InvalidBody, csv.Error, KeyError) as error:
        raise BadRegistry(str(error)[:300]) from None
    if rows and tuple(rows[0]) != COLUMNS:
        raise BadRegistry(f"the columns are {', '.join(COLUMNS)}")
    return _registry(day, is_closed, now, len(lines), lines, raw)


def _csv_line(row: dict[str, Any]) -> Line:
    plain = {name: row[name] for name in COLUMNS}
    plain["merchant_id"] = int(plain["merchant_id"])
    amount = str(plain.pop("amount")).encode()
    return _line(msgspec.convert({**plain, "amount": msgspec.Raw(amount)}, _Line), amount)


def _line(one: _Line, amount: bytes) -> Line:
    if one.type not in {"payout", "deposit"} or one.status not in STATUSES:
        raise BadRegistry(
            f"line {one.line_id[:64]}: type {one.type[:20]}, status {one.status[:20]}"
        )
    if "\0" in one.line_id + one.transaction_id:
        raise BadRegistry("text must not contain U+0000")
    if not 0 < one.merchant_id < 2**53:
        raise BadRegistry(f"line {one.line_id[:64]}: merchant_id")
    return Line(
        line_id=one.line_id,
        transaction_id=one.transaction_id,
        merchant_id=one.merchant_id,
        kind=one.type,
        status=one.status,
        minor=_minor(amount, one),
        currency=one.currency,
        operated_at=one.operated_at.astimezone(UTC),
    )


def _minor(amount: bytes, one: _Line) -> int:
    try:
        return parse_minor(amount.strip(), currency_of(one.currency))
    except (InvalidAmount, InvalidCurrency) as error:
        raise BadRegistry(f"line {one.line_id[:64]}: {error.detail}") from None


def _registry(
    day: dt.date,
    is_closed: bool,  # noqa: FBT001 - a field
    generated_at: datetime,
    count: int,
    lines: list[Line],
    raw: bytes,
) -> Registry:
    if count != len(lines):
        raise BadRegistry(f"it says {count} lines and has {len(lines)}")
    if len({line.line_id for line in lines}) != len(lines):
        raise BadRegistry("a line_id is there twice")
    return Registry(
        provider=SUPERPAY,
        day=day,
        is_closed=is_closed,
        generated_at=generated_at,
        lines=lines,
        raw=raw,
    )
