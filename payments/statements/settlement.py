"""CSV by a profile: columns found by their names, a total that must agree with the lines."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from payments.kernel.money import MINOR_MAX, Currency
from payments.kernel.rows import Faults, Row, one_of
from payments.kernel.strict import NotRead, check_time, read_currency, read_whole
from payments.statements.amounts import amounts_of
from payments.statements.chain import check_sum
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement, Line, LineKind
from payments.statements.lines import Lines
from payments.statements.profiles import Profile
from payments.statements.statement import Statement
from payments.statements.text import Text, decode

_TEXTS: Final = (
    "number",
    "reference",
    "counterparty",
    "counterparty_account",
    "inn",
    "purpose",
    "bank_id",
)
_MONEY: Final = ("amount", "fee", "net")


class _Cells(msgspec.Struct, frozen=True):
    """A row by field; the total of a file is one too."""

    row: int
    fields: Mapping[str, str]
    first: str


class _Read(msgspec.Struct, frozen=True):
    """A line with what it is held against the total by."""

    line: Line
    sums: Mapping[str, int]
    currency: Currency


class _Whole:
    """What is known of the lines together, without keeping them in memory."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.count = 0
        self.sums: Counter[str] = Counter()
        self.currencies: dict[str, Currency] = {}
        self.days: set[date] = set()
        self._ids: dict[int, int] = {}

    def add(self, one: _Read, faults: Faults) -> None:
        """A line; one that moved nothing and cost nothing only counts."""
        line = one.line
        self.count += 1
        self.sums.update(one.sums)
        self.currencies[one.currency.code] = one.currency
        self.days.add(line.posted)
        if line.bank_id:
            # Eight bytes of a digest stand for the id: a million ids would need twice the memory.
            short = int.from_bytes(blake2b(line.bank_id.encode(), digest_size=8).digest())
            first = self._ids.setdefault(short, line.row)
            if first != line.row:
                faults.add(
                    line.row, "bank_id", f"{line.bank_id} as in line {first}", "each id once"
                )
        if line.minor or line.fee_minor:
            self.lines.append(line)


def read(file: StatementFile, profile: Profile, account: str) -> list[Statement]:
    """The file as one statement of `account`, without balances. Raises 422 `invalid_statement`."""
    faults = Faults()
    whole = _Whole()
    totals: list[_Cells] = []
    reading = _Reading(profile, faults)
    for row in _rows(decode(file, profile.encoding), profile, faults):
        if _is_total(row, profile):
            totals.append(row)
        else:
            for one in reading.line(row):
                whole.add(one, faults)
    if len(whole.currencies) > 1:
        faults.add(0, "currency", ", ".join(sorted(whole.currencies)), "one currency in a file")
    faults.raise_as(InvalidStatement)
    _check_totals(totals, whole, profile, faults)
    if not whole.count:
        faults.add(0, "file", "no lines", "lines: a day on which nothing happened has no file")
    faults.raise_as(InvalidStatement)
    statement = Statement(
        account=account,
        currency=next(iter(whole.currencies)),
        begins=min(whole.days),
        ends=max(whole.days),
        opening_minor=None,
        closing_minor=None,
        lines=whole.lines,
    )
    return [statement]


def has_header(file: StatementFile, profile: Profile) -> bool:
    """Whether one of the first lines has every column of the profile."""
    head = file.head
    whole = head if file.size == len(head) else head.rpartition(b"\n")[0]
    try:
        lines = decode(StatementFile(whole), profile.encoding).open()
    except InvalidStatement:
        return False
    try:
        return bool(_header(csv.reader(lines, delimiter=profile.delimiter), profile, Faults())[0])
    except csv.Error:
        return False


def _rows(text: Text, profile: Profile, faults: Faults) -> Iterator[_Cells]:
    """The rows below the header, which is looked for among the first lines."""
    with text.open() as lines:
        reader = csv.reader(lines, delimiter=profile.delimiter, strict=True)
        try:
            places, width = _header(reader, profile, faults)
            for cells in reader if places else ():
                plain = [cell.strip() for cell in cells]
                if len(plain) == width:
                    fields = {field: plain[place] for place, field in places.items()}
                    yield _Cells(reader.line_num, fields, plain[0])
                elif any(plain):
                    faults.add(reader.line_num, "line", f"{len(plain)} cells", f"{width} cells")
        except csv.Error as error:
            faults.add(reader.line_num, "file", str(error), f"CSV divided by {profile.delimiter}")


def _header(reader: Any, profile: Profile, faults: Faults) -> tuple[dict[int, str], int]:
    """Which field stands in which place of a row, and how many cells a row has."""
    names = profile.names
    first = ""
    for cells in reader:
        plain = [cell.strip() for cell in cells]
        first = first or profile.delimiter.join(plain)
        if set(names) <= set(plain):
            _check_header(plain, names, reader.line_num, faults)
            return {plain.index(name): field for name, field in names.items()}, len(plain)
        if reader.line_num >= profile.header_within:
            break
    faults.add(1, "header", first or None, f"a header with {', '.join(names)}")
    return {}, 0


def _check_header(plain: Sequence[str], names: Mapping[str, str], row: int, faults: Faults) -> None:
    for name in names:
        if plain.count(name) > 1:
            faults.add(row, "header", f"{name} twice", "each column once")


def _is_total(row: _Cells, profile: Profile) -> bool:
    return row.first.casefold().startswith(tuple(m.casefold() for m in profile.total_marks))


class _Reading:
    """Reads lines by the profile; its readers are made once."""

    def __init__(self, profile: Profile, faults: Faults) -> None:
        self._profile = profile
        self._faults = faults
        self._kind = one_of(frozenset(profile.kinds))
        self._status = one_of(frozenset(profile.statuses))
        self._time = _times(profile)

    def line(self, cells: _Cells) -> Iterator[_Read]:
        """The line, or nothing when a cell is wrong."""
        profile, faults = self._profile, self._faults
        row = Row(cells.row, cells.fields, faults)
        columns, before = profile.columns, faults.count
        currency = _currency(row, profile)
        word = row.read("kind", self._kind) if columns.kind else ""
        status = row.read("status", self._status) if columns.status else ""
        moment = row.read("time", self._time)
        sums = {} if currency is None else _amounts(row, currency, profile)
        if currency is None or moment is None or faults.count > before:
            return
        fee, net = sums.get("fee", 0), sums.get("net")
        if net is not None and sums["amount"] - fee != net:
            expected = f"{sums['amount'] - fee}, the amount less the fee, in minor units"
            faults.add(cells.row, columns.net, net, expected)
        sign: int = profile.signs[word or ""] if profile.sign == "kind" else 1
        sign *= profile.statuses[status or ""] if columns.status else 1
        posted, operated_at = moment
        texts = {field: cells.fields.get(field, "") for field in _TEXTS}
        line = Line(
            row=cells.row,
            posted=posted,
            minor=sign * sums["amount"],
            kind=profile.kinds.get(word or "", LineKind.PAYMENT),
            fee_minor=fee,
            operated_at=operated_at,
        )
        line = msgspec.structs.replace(line, **texts)
        yield _Read(line, {**sums, "amount": line.minor}, currency)


def _currency(row: Row, profile: Profile) -> Currency | None:
    if profile.columns.currency:
        return row.read("currency", read_currency)
    return read_currency(profile.currency)


def _amounts(row: Row, currency: Currency, profile: Profile) -> dict[str, int]:
    """Amount, fee and net; a cell that is wrong is left out and is a fault."""
    least = 1 if profile.sign == "kind" else None
    sums = {}
    for field in _MONEY:
        if not getattr(profile.columns, field):
            continue
        minor = row.read(field, _reader(currency, profile, least if field == "amount" else None))
        if minor is not None:
            sums[field] = minor
    return sums


def _reader(currency: Currency, profile: Profile, least: int | None) -> Callable[[str], int]:
    return amounts_of(
        currency,
        decimal=profile.decimal,
        thousands=profile.thousands,
        least=-MINOR_MAX if least is None else least,
    )


def _times(profile: Profile) -> Callable[[str], tuple[date, datetime]]:
    """The day in the profile's zone, and the moment in UTC."""
    zone = ZoneInfo(profile.zone)

    def read_time(text: str) -> tuple[date, datetime]:
        if not text.isascii():
            raise NotRead(f"a time {profile.time_format}")
        try:
            local = datetime.strptime(text, profile.time_format).replace(tzinfo=zone)
        except ValueError:
            raise NotRead(f"a time {profile.time_format} in {profile.zone}") from None
        return local.date(), check_time(local)

    return read_time


def _check_totals(
    totals: Sequence[_Cells], whole: _Whole, profile: Profile, faults: Faults
) -> None:
    """The total row is a check and no line."""
    if not profile.has_total:
        return
    if len(totals) != 1:
        expected = f"one row that begins with {' or '.join(profile.total_marks)}"
        faults.add(0, "total", f"{len(totals)} total rows", expected)
        return
    total = totals[0]
    row = Row(total.row, total.fields, faults)
    if profile.count_column:
        field = profile.names[profile.count_column]
        count = row.read(field, read_whole)
        if count is not None and count != whole.count:
            faults.add(total.row, "total", f"{whole.count} lines", f"{count}, as the total says")
    if not whole.count:
        return
    currency = next(iter(whole.currencies.values()))
    for field in _MONEY:
        name = getattr(profile.columns, field)
        says = row.read(field, _reader(currency, profile, None)) if name else None
        if says is not None:
            has = whole.sums[field]
            check_sum(faults, total.row, f"total of {name}", says, has, currency)
