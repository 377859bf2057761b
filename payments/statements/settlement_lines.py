"""Lines of a settlement file, read by its profile: strictly, each fault under its column's name."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from payments.kernel.money import MINOR_MAX, Currency
from payments.kernel.rows import Faults, Row, one_of
from payments.kernel.strict import (
    NotRead,
    check_time,
    read_currency,
    read_id,
    read_time,
    read_word,
)
from payments.statements.amounts import amounts_of, told
from payments.statements.csv_rows import Cells
from payments.statements.limits import checked
from payments.statements.line import Line, LineKind
from payments.statements.profiles import RFC3339, Profile

_TEXTS: Final = (
    "number",
    "reference",
    "counterparty",
    "counterparty_account",
    "inn",
    "purpose",
    "bank_id",
)
MONEY: Final = ("amount", "fee", "net")


class SettlementLine(msgspec.Struct, frozen=True):
    """A line, also one that moved nothing, with what it is held against the total by.

    `kind`, `status`: the words of the file. `minor`: its amount as written, without its sign.
    """

    line: Line
    sums: Mapping[str, int]
    currency: Currency
    kind: str
    status: str
    minor: int


class LineReader:
    """Reads lines by the profile; its readers are made once."""

    def __init__(self, profile: Profile, faults: Faults) -> None:
        """Every cell that is wrong becomes one of `faults`."""
        self._profile = profile
        self._faults = faults
        self._kind = one_of(frozenset(profile.kinds))
        self._status = one_of(frozenset(profile.statuses))
        self._time = _times(profile)
        self._texts = {field: getattr(profile.columns, field) for field in _TEXTS}
        self._strict = {self._texts[field]: read_id for field in profile.ids} | {
            self._texts[field]: partial(read_word, length_max=length)
            for field, length in profile.words.items()
        }

    def line(self, cells: Cells) -> Iterator[SettlementLine]:
        """The line, or nothing when a cell is wrong."""
        profile, faults = self._profile, self._faults
        row = Row(cells.row, cells.columns, faults)
        columns, before = profile.columns, faults.count
        for column, reader in self._strict.items():
            row.read(column, reader)
        kind = row.read(columns.kind, self._kind) if columns.kind else ""
        status = row.read(columns.status, self._status) if columns.status else ""
        currency = _currency(row, profile)
        moment = row.read(columns.time, self._time)
        sums = {} if currency is None else _amounts(row, currency, profile)
        if currency is None or moment is None or faults.count > before:
            return
        _check_net(cells.row, sums, currency, columns.net, faults)
        sign: int = profile.signs[kind or ""] if profile.sign == "kind" else 1
        sign *= profile.statuses[status or ""] if columns.status else 1
        posted, operated_at = moment
        line = Line(
            row=cells.row,
            posted=posted,
            minor=sign * sums["amount"],
            kind=profile.kinds.get(kind or "", LineKind.PAYMENT),
            fee_minor=sums.get("fee", 0),
            operated_at=operated_at,
        )
        texts = {field: cells.columns[name] for field, name in self._texts.items() if name}
        line = checked(msgspec.structs.replace(line, **texts), faults)
        signed = {**sums, "amount": line.minor}
        yield SettlementLine(line, signed, currency, kind or "", status or "", sums["amount"])


def _check_net(
    row: int, sums: Mapping[str, int], currency: Currency, column: str, faults: Faults
) -> None:
    net, left = sums.get("net"), sums["amount"] - sums.get("fee", 0)
    if net is not None and net != left:
        expected = f"{told(left, currency)}, the amount less the fee"
        faults.add(row, column, told(net, currency), expected)


def _currency(row: Row, profile: Profile) -> Currency | None:
    if profile.columns.currency:
        return row.read(profile.columns.currency, read_currency)
    return read_currency(profile.currency)


def _amounts(row: Row, currency: Currency, profile: Profile) -> dict[str, int]:
    """Amount, fee and net; a cell that is wrong is left out and is a fault."""
    sums = {}
    for field in MONEY:
        column = getattr(profile.columns, field)
        if column:
            is_above_zero = field == "amount" and profile.sign == "kind"
            minor = row.read(column, money_reader(currency, profile, is_above_zero=is_above_zero))
            if minor is not None:
                sums[field] = minor
    return sums


def money_reader(
    currency: Currency, profile: Profile, *, is_above_zero: bool = False
) -> Callable[[str], int]:
    """A reader of the profile's amounts."""
    return amounts_of(
        currency,
        decimal=profile.decimal,
        thousands=profile.thousands,
        least=1 if is_above_zero else -MINOR_MAX,
    )


def _times(profile: Profile) -> Callable[[str], tuple[date, datetime]]:
    """The day in the profile's zone, and the moment in UTC."""
    zone = ZoneInfo(profile.zone)

    def read_zoned(text: str) -> tuple[date, datetime]:
        moment = read_time(text)
        return moment.astimezone(zone).date(), moment

    def read_local(text: str) -> tuple[date, datetime]:
        if not text.isascii():
            raise NotRead(f"a time {profile.time_format}")
        try:
            local = datetime.strptime(text, profile.time_format).replace(tzinfo=zone)
        except ValueError:
            raise NotRead(f"a time {profile.time_format} in {profile.zone}") from None
        return local.date(), check_time(local)

    return read_zoned if profile.time_format == RFC3339 else read_local
