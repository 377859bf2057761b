"""SWIFT MT940, read by hand.

The library `mt-940` gives RC and RD the wrong sign (its issue 130), joins nothing across pages and
checks no balance.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from payments.kernel.money import CURRENCIES, Currency
from payments.kernel.rows import Faults
from payments.kernel.strict import NotRead, check_day
from payments.statements.amounts import amounts_of
from payments.statements.chain import check_sum, joined
from payments.statements.file import StatementFile
from payments.statements.limits import checked
from payments.statements.line import InvalidStatement, Line, LineKind
from payments.statements.lines import Lines
from payments.statements.statement import Statement
from payments.statements.text import Text, decode

_TAG: Final = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,12},[0-9]{0,3})")
_MOVEMENT: Final = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9]{1,12},[0-9]{0,3})(?P<type>[NSF][A-Z0-9]{3})"
    r"(?P<reference>.{0,35}?)(?://(?P<bank>.{0,34}))?"
)
_SIGNS: Final = {"C": 1, "D": -1, "RC": -1, "RD": 1}
"""RC takes a credit back, so it goes out; RD takes a debit back, so it comes in."""
_EXPECTED: Final = frozenset({"EC", "ED"})
_FEE_TYPES: Final = frozenset({"NCHG", "NCOM"})
_RETURN_TYPES: Final = frozenset({"NRTI"})
_SUBFIELD: Final = re.compile(r"\?([0-9]{2})")
_ACCOUNT: Final = re.compile(r"[0-9A-Za-z/ .,:()?'+-]{1,35}")
_FIRST, _LAST = ("60F", "60M"), ("62F", "62M")


class _Field(msgspec.Struct, frozen=True):
    """A field with its continuation lines."""

    row: int
    tag: str
    text: str


class _Balance(msgspec.Struct, frozen=True):
    day: date
    currency: Currency
    minor: int


def is_mt940(file: StatementFile) -> bool:
    """Whether the file begins as this format does."""
    head = file.head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b":20:", b"{1:"))


def read(file: StatementFile) -> list[Statement]:
    """The statements of the file, one an account, its pages joined. Raises 422."""
    faults = Faults()
    statements = joined(_statements(_fields(decode(file, None), faults), faults), faults)
    faults.raise_as(InvalidStatement)
    return statements


def _fields(text: Text, faults: Faults) -> Iterator[_Field]:
    field: _Field | None = None
    for row, written in enumerate(text.rows(), 1):
        line = written.rstrip()
        start = line.rpartition("{4:")[2] if line.startswith("{") else line
        match = _TAG.fullmatch(start)
        if match is None and (not start or start in {"-", "-}"} or start.startswith("-}")):
            continue
        if match is not None:
            if field is not None:
                yield field
            field = _Field(row, match[1], match[2])
        elif field is None:
            faults.add(row, "line", line, "a field, such as :20:")
        else:
            field = _Field(field.row, field.tag, f"{field.text}\n{start}")
    if field is not None:
        yield field


class _Page:
    """A page as it is read: the fields of its frame, and its lines, which may be a million."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._movement: _Field | None = None
        self._early: list[tuple[_Field, str]] = []
        self._currency: Currency | None = None
        self.frame: list[_Field] = []
        self.lines = Lines()
        self.pending = 0
        self.is_right = True

    def take(self, field: _Field) -> None:
        """A movement is read when it is known whether its details follow."""
        if field.tag == "86" and self._movement is not None:
            self._read(self._movement, field.text)
            self._movement = None
            return
        self.flush()
        if field.tag == "61":
            self._movement = field
        else:
            self.frame.append(field)
            if field.tag in _FIRST:
                opening = _balance(field, Faults())
                self._currency = None if opening is None else opening.currency

    def flush(self) -> None:
        """No details follow the last movement."""
        if self._movement is not None:
            self._read(self._movement, "")
            self._movement = None

    def late(self, currency: Currency) -> None:
        """Movements that stand before the opening balance."""
        self._currency = currency
        early, self._early = self._early, []
        for movement, details in early:
            self._read(movement, details)

    def _read(self, field: _Field, details: str) -> None:
        if self._currency is None:
            self._early.append((field, details))
            return
        before = self._faults.count
        match = _MOVEMENT.fullmatch(field.text.partition("\n")[0])
        if match is None:
            expected = "a movement, 2611261126C3,50NTRFNONREF//A1"
            self._faults.add(field.row, "61", field.text, expected)
        elif match["mark"] in _EXPECTED:
            self.pending += 1
        else:
            lines = _line(field, match, details, self._currency, self._faults)
            self.lines.extend(checked(line, self._faults) for line in lines)
        self.is_right &= self._faults.count == before


def _statements(fields: Iterable[_Field], faults: Faults) -> Iterator[tuple[int, Statement]]:
    """Each page with the line it begins on."""
    page = _Page(faults)
    is_empty = True
    for field in fields:
        if field.tag == "20" and not is_empty:
            yield from _page(page, faults)
            page = _Page(faults)
        page.take(field)
        is_empty = False
    if is_empty:
        faults.add(0, "file", "no fields", "statements that begin with :20:")
    else:
        yield from _page(page, faults)


def _page(page: _Page, faults: Faults) -> Iterator[tuple[int, Statement]]:
    """The page, or nothing when a field of its frame is wrong."""
    page.flush()
    fields = page.frame
    account = _one(fields, ("25",), faults)
    opening_field = _one(fields, _FIRST, faults)
    closing_field = _one(fields, _LAST, faults)
    if account is None or opening_field is None or closing_field is None:
        return
    if _ACCOUNT.fullmatch(account.text.strip()) is None:
        faults.add(account.row, "25", account.text, "an account of 1 to 35 characters")
        return
    opening, closing = _balance(opening_field, faults), _balance(closing_field, faults)
    if opening is None or closing is None:
        return
    if closing.currency != opening.currency:
        faults.add(closing_field.row, "62", closing.currency.code, opening.currency.code)
        return
    page.late(opening.currency)
    lines = page.lines
    if page.is_right:
        total = opening.minor + lines.received_minor - lines.sent_minor
        row, field = closing_field.row, closing_field.tag
        check_sum(faults, row, field, closing.minor, total, opening.currency)
    statement = Statement(
        account=account.text.strip().replace(" ", ""),
        currency=opening.currency.code,
        begins=lines.first_day or closing.day,
        ends=max(closing.day, lines.last_day or closing.day),
        opening_minor=opening.minor,
        closing_minor=closing.minor,
        lines=lines,
        is_continued=opening_field.tag == "60M",
        pending=page.pending,
    )
    yield fields[0].row, statement


def _one(fields: Sequence[_Field], tags: Sequence[str], faults: Faults) -> _Field | None:
    found = [field for field in fields if field.tag in tags]
    if len(found) == 1:
        return found[0]
    name = " or ".join(f":{tag}:" for tag in tags)
    faults.add(fields[0].row if fields else 0, name, f"{len(found)} of them", "one in each page")
    return None


def _balance(field: _Field, faults: Faults) -> _Balance | None:
    match = _BALANCE.fullmatch(field.text.strip())
    currency = None if match is None else CURRENCIES.get(match[3])
    if match is None or currency is None:
        faults.add(field.row, field.tag, field.text, "a balance, such as C261126EUR1000,00")
        return None
    try:
        minor = amounts_of(currency, decimal=",")(_whole(match[4]))
        day = _day(match[2])
    except NotRead as error:
        faults.add(field.row, field.tag, field.text, error.expected)
        return None
    return _Balance(day, currency, minor if match[1] == "C" else -minor)


def _whole(amount: str) -> str:
    """`3,` is how SWIFT writes 3."""
    return amount.removesuffix(",")


def _day(text: str) -> date:
    try:
        return check_day(date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6])))
    except NotRead:
        raise
    except ValueError:
        raise NotRead("a day of the calendar, YYMMDD") from None


def _line(
    field: _Field, match: re.Match[str], details: str, currency: Currency, faults: Faults
) -> Iterator[Line]:
    try:
        minor = amounts_of(currency, decimal=",", least=1)(_whole(match["amount"]))
        posted = _posted(match["value"], match["entry"])
    except NotRead as error:
        faults.add(field.row, "61", match[0], error.expected)
        return
    counterparty, account, purpose = _details(details)
    supplement = field.text.partition("\n")[2].replace("\n", " ")
    reference = match["reference"].strip()
    yield Line(
        row=field.row,
        posted=posted,
        minor=_SIGNS[match["mark"]] * minor,
        kind=_kind(match["mark"], match["type"]),
        number=f"{reference}//{match['bank']}" if match["bank"] else reference,
        counterparty=counterparty,
        counterparty_account=account,
        purpose=" ".join(part for part in (purpose, supplement) if part),
        reference="" if reference == "NONREF" else reference,
    )


def _posted(value: str, entry: str | None) -> date:
    """The day of booking: the entry date, in the year that is nearest to the value date."""
    day = _day(value)
    if entry is None:
        return day
    years = (day.year - 1, day.year, day.year + 1)
    days = [d for year in years for d in _day_in(year, entry)]
    if not days:
        raise NotRead("an entry date of the calendar, MMDD")
    return check_day(min(days, key=lambda d: abs(d - day)))


def _day_in(year: int, entry: str) -> Iterator[date]:
    try:
        yield date(year, int(entry[:2]), int(entry[2:]))
    except ValueError:
        return


def _kind(mark: str, type_: str) -> LineKind:
    if mark.startswith("R") or type_ in _RETURN_TYPES:
        return LineKind.RETURN
    return LineKind.FEE if type_ in _FEE_TYPES else LineKind.PAYMENT


def _details(text: str) -> tuple[str, str, str]:
    """Counterparty, its account and the purpose: of subfields (?20) where there are some."""
    plain = text.replace("\n", "")
    if _SUBFIELD.search(plain) is None:
        return "", "", " ".join(text.split())
    parts = _SUBFIELD.split(plain)
    fields = dict(zip(parts[1::2], parts[2::2], strict=True))
    purpose = "".join(fields.get(str(n), "") for n in (*range(20, 30), *range(60, 64)))
    return f"{fields.get('32', '')}{fields.get('33', '')}", fields.get("31", ""), purpose
