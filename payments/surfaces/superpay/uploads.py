"""Reads a registry file sent by an operator and checks it against the clock."""

import asyncio
import datetime as dt
from typing import Final

from payments.http.body import read_raw
from payments.http.query import read_query
from payments.http.services import HttpRequest, header
from payments.kernel.errors import InvalidBody, UnsupportedMediaType
from payments.kernel.strict import NotRead, check_day, day_bounds
from payments.reconciliation.queries import CLOSES_AFTER, KEPT_DAYS
from payments.statements.settlement_day import Registry
from payments.statements.settlement_file import BadRegistry, read_json
from payments.statements.superpay_csv import read_csv
from payments.surfaces.superpay.bodies import UploadQuery

_CLOCKS_DIFFER_BY: Final = dt.timedelta(minutes=5)


async def read_upload(request: HttpRequest, now: dt.datetime) -> Registry:
    """The registry in the body.

    Raises 415 `unsupported_media_type`, 422 `invalid_query`, `invalid_body`, `invalid_registry`.
    """
    kind = (header(request, b"content-type") or "").partition(";")[0].strip().lower()
    query = read_query(request, UploadQuery)
    raw = await read_raw(request)
    if kind == "application/json":
        registry = await asyncio.to_thread(read_json, raw, query.date, may_be_empty=query.empty)
    elif kind == "text/csv":
        registry = await _read_csv(raw, query, now)
    else:
        raise UnsupportedMediaType("send the registry as application/json or text/csv")
    _check_clock(registry, now)
    return registry


async def _read_csv(raw: bytes, query: UploadQuery, now: dt.datetime) -> Registry:
    if query.date is None:
        raise InvalidBody(errors=[{"field": "date", "message": "a CSV file needs ?date="}])
    is_closed = query.closed
    if is_closed is None:  # not in the file, but in the specification
        is_closed = now >= day_bounds(query.date)[0] + CLOSES_AFTER
    return await asyncio.to_thread(
        read_csv, raw, query.date, now, is_closed=is_closed, may_be_empty=query.empty
    )


def _check_clock(registry: Registry, now: dt.datetime) -> None:
    """A future day has no registry, and a day that is not over is not closed."""
    begins, ends = day_bounds(registry.day)
    if begins > now + _CLOCKS_DIFFER_BY:
        raise _refused("date", registry.day.isoformat(), "a day that has come")
    if registry.is_closed and ends > now + _CLOCKS_DIFFER_BY:
        expected = f"closed false until the day {registry.day} is over, in UTC"
        raise _refused("closed", "true", expected)


def _refused(field: str, found: str, expected: str) -> BadRegistry:
    message = f"found {found}, expected {expected}"
    fault = {"field": field, "found": found, "expected": expected, "message": message}
    return BadRegistry(f"{field}: {message}", errors=[fault])


def check_fetchable(day: dt.date, now: dt.datetime) -> None:
    """SuperPay serves registries of the last 400 days including today. Raises
    422 `invalid_body`.
    """
    today = (now + _CLOCKS_DIFFER_BY).date()
    try:
        is_given = today - dt.timedelta(days=KEPT_DAYS) < check_day(day) <= today
    except NotRead:
        is_given = False
    if not is_given:
        message = f"a day of the last {KEPT_DAYS}, today included"
        raise InvalidBody(errors=[{"field": "date", "message": message}])
