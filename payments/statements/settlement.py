"""CSV by a profile as a statement: all lines, and a total that must agree with them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import blake2b

from payments.kernel.money import Currency
from payments.kernel.rows import Faults, Row
from payments.kernel.strict import read_whole
from payments.statements.chain import check_sum
from payments.statements.csv_rows import Cells, rows_of
from payments.statements.file import StatementFile
from payments.statements.line import InvalidStatement, Line
from payments.statements.lines import Lines
from payments.statements.profiles import Profile
from payments.statements.settlement_lines import (
    MONEY,
    LineReader,
    SettlementLine,
    money_reader,
)
from payments.statements.statement import Statement
from payments.statements.text import decode


class _Whole:
    """What is known of the lines together, without keeping them in memory."""

    def __init__(self) -> None:
        self.lines = Lines()
        self.count = 0
        self.sums: Counter[str] = Counter()
        self.currencies: dict[str, Currency] = {}
        self.days: set[date] = set()
        self.totals: list[Cells] = []

    def add(self, one: SettlementLine) -> None:
        """A line; one that moved nothing and cost nothing only counts."""
        line = one.line
        self.count += 1
        self.sums.update(one.sums)
        self.currencies[one.currency.code] = one.currency
        self.days.add(line.posted)
        if line.minor or line.fee_minor:
            self.lines.append(line)


def read(file: StatementFile, profile: Profile, account: str) -> list[Statement]:
    """The file as one statement of `account`, without balances. Raises 422 `invalid_statement`."""
    faults = Faults()
    whole = _Whole()
    for one in lines_of(file, profile, faults, whole.totals):
        whole.add(one)
    if len(whole.currencies) > 1:
        faults.add(0, "currency", ", ".join(sorted(whole.currencies)), "one currency in a file")
    faults.raise_as(InvalidStatement)
    _check_totals(whole.totals, whole, profile, faults)
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


def lines_of(
    file: StatementFile, profile: Profile, faults: Faults, totals: list[Cells]
) -> Iterator[SettlementLine]:
    """The lines of the file, each id once; total rows go into `totals`.

    Raises 422 `invalid_statement` when the bytes are no text.
    """
    reader = LineReader(profile, faults)
    ids: dict[int, int] = {}
    for cells in rows_of(decode(file, profile.encoding), profile, faults):
        if _is_total(cells, profile):
            totals.append(cells)
            continue
        for one in reader.line(cells):
            _check_id(one.line, ids, profile, faults)
            yield one


def _check_id(line: Line, rows: dict[int, int], profile: Profile, faults: Faults) -> None:
    """Eight bytes of a digest stand for the id: a million ids would need twice the memory."""
    if line.bank_id:
        short = int.from_bytes(blake2b(line.bank_id.encode(), digest_size=8).digest())
        first = rows.setdefault(short, line.row)
        if first != line.row:
            found = f"{line.bank_id} as in line {first}"
            faults.add(line.row, profile.columns.bank_id, found, "each id once")


def _is_total(row: Cells, profile: Profile) -> bool:
    return row.first.casefold().startswith(tuple(m.casefold() for m in profile.total_marks))


def _check_totals(totals: Sequence[Cells], whole: _Whole, profile: Profile, faults: Faults) -> None:
    """The total row is a check and no line."""
    if not profile.has_total:
        return
    if len(totals) != 1:
        expected = f"one row that begins with {' or '.join(profile.total_marks)}"
        faults.add(0, "total", f"{len(totals)} total rows", expected)
        return
    total = totals[0]
    row = Row(total.row, total.columns, faults)
    if profile.count_column:
        count = row.read(profile.count_column, read_whole)
        if count is not None and count != whole.count:
            faults.add(total.row, "total", f"{whole.count} lines", f"{count}, as the total says")
    if not whole.count:
        return
    currency = next(iter(whole.currencies.values()))
    for field in MONEY:
        name = getattr(profile.columns, field)
        says = row.read(name, money_reader(currency, profile)) if name else None
        if says is not None:
            has = whole.sums[field]
            check_sum(faults, total.row, f"total of {name}", says, has, currency)
