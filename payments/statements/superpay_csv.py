"""SuperPay's registry of a day as CSV: the lines that `csv:superpay` reads, of the day alone."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

from payments.kernel.rows import Faults
from payments.kernel.strict import day_bounds
from payments.provider.tables import SUPERPAY
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement
from payments.statements.profiles import find_profile
from payments.statements.settlement import lines_of
from payments.statements.settlement_day import Line, Registry
from payments.statements.settlement_file import NO_LINES, BadRegistry

PROFILE: Final = "superpay"


def read_csv(
    raw: bytes, day: date, made: datetime, *, is_closed: bool, may_be_empty: bool = True
) -> Registry:
    """The registry; its day, creation time and whether it is closed are given separately.

    Raises 422 `invalid_registry`.
    """
    faults = Faults()
    try:
        lines = list(_lines(raw, day, faults))
    except InvalidStatement as error:
        raise BadRegistry(error.detail, errors=error.errors) from None
    if not lines and not may_be_empty and not faults.count:
        faults.add(0, "file", "no lines", NO_LINES)
    faults.raise_as(BadRegistry)
    return Registry(
        provider=SUPERPAY,
        day=day,
        is_closed=is_closed,
        generated_at=made,
        lines=lines,
        raw=raw,
    )


def _lines(raw: bytes, day: date, faults: Faults) -> Iterator[Line]:
    profile = find_profile(PROFILE)
    day_bounds(day)
    for one in lines_of(StatementFile(raw), profile, faults, []):
        line = one.line
        assert line.operated_at is not None, "the profile has the column"
        if line.posted != day:
            found, expected = line.operated_at.isoformat(), f"a time on {day}, in UTC"
            faults.add(line.row, profile.columns.time, found, expected)
        yield Line(
            line_id=line.bank_id,
            transaction_id=line.number,
            merchant_id=int(line.reference),
            kind=one.kind,
            status=one.status,
            minor=one.minor,
            currency=one.currency.code,
            operated_at=line.operated_at,
        )
