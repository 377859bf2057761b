"""1C client-bank exchange (1CClientBankExchange 1.02 and 1.03): what Russian banks send."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import partial
from sys import intern
from typing import Final

import msgspec

from payments.kernel.money import CURRENCY_BY_NUMBER, Currency, currency_of
from payments.kernel.rows import Faults, Row
from payments.kernel.strict import NotRead, check_day
from payments.statements.amounts import amounts_of
from payments.statements.chain import check_sum, joined
from payments.statements.line import InvalidStatement, Line, LineKind, Statement
from payments.statements.text import decode

MARK: Final = "1CClientBankExchange"
VERSIONS: Final = frozenset({"1.02", "1.03"})
ENCODINGS: Final = {"Windows": "cp1251", "DOS": "cp866"}
_ACCOUNT_SECTION: Final = "СекцияРасчСчет"
_DOCUMENT_SECTION: Final = "СекцияДокумент"
_ENDS: Final = {_ACCOUNT_SECTION: "КонецРасчСчет", _DOCUMENT_SECTION: "КонецДокумента"}
_END: Final = "КонецФайла"
_DAY: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_ACCOUNT: Final = re.compile(r"[0-9]{20}")
_OLD_ROUBLE: Final = 810
"""Accounts still carry the code that the rouble had before 1998."""
_BANKS_INCOME: Final = "706"
"""Accounts of a bank's own income begin so: what goes there is what the bank charges."""


class _Section(msgspec.Struct):
    """Keys between two marks; the head of the file is a section without a name."""

    row: int
    name: str
    word: str
    keys: dict[str, str]
    rows: dict[str, int]

    def get(self, *names: str) -> str:
        """The first of these that is there and not empty."""
        return next((self.keys[n].strip() for n in names if self.keys.get(n, "").strip()), "")


def is_onec(raw: bytes) -> bool:
    """Whether the file begins as this format does."""
    return raw.removeprefix(b"\xef\xbb\xbf").startswith(MARK.encode())


def read(raw: bytes) -> list[Statement]:
    """The statements of the file, one an account. Raises 422 `invalid_statement`."""
    text = decode(raw, _declared(raw))
    faults = Faults()
    sections = _sections(text, faults)
    head = sections[0]
    version = head.get("ВерсияФормата")
    if version not in VERSIONS:
        faults.add(head.rows.get("ВерсияФормата", 1), "ВерсияФормата", version, "1.02 or 1.03")
    documents = [s for s in sections if s.name == _DOCUMENT_SECTION]
    accounts = [s for s in sections if s.name == _ACCOUNT_SECTION]
    if not accounts:
        faults.add(0, _ACCOUNT_SECTION, None, "a section with the account's balances")
    parts = [(s.row, part) for s in accounts for part in _statement(s, head, documents, faults)]
    _check_used(documents, {s.get("РасчСчет") or head.get("РасчСчет") for s in accounts}, faults)
    faults.raise_as(InvalidStatement)
    statements = joined(parts, faults)
    faults.raise_as(InvalidStatement)
    return statements


def _declared(raw: bytes) -> str | None:
    """The encoding that the head names, in the encoding that it names."""
    head = raw[:4096]
    for word, encoding in ENCODINGS.items():
        if re.search(rb"(?m)^%b[ \t]*\r?$" % f"Кодировка={word}".encode(encoding), head):
            return encoding
    return None


def _sections(text: str, faults: Faults) -> list[_Section]:
    """The head, then each section; where they stand wrong is a fault."""
    rows = enumerate(_rows(text), 1)
    first = next(rows)[1].strip()
    if first != MARK:
        faults.add(1, "file", first, f"{MARK} as its first line")
    section = head = _Section(1, "", "", {}, {})
    sections = [head]
    row = 1
    for row, written in rows:
        key, has_value, value = written.strip().partition("=")
        if key in {*_ENDS, _END} and section.name:
            faults.add(row, section.name, key, f"{_ENDS[section.name]} before it")
        if key == _END:
            _check_last(rows, row, faults)
            return sections
        if key in _ENDS:
            section = _Section(row, intern(key), value.strip(), {}, {})
            sections.append(section)
        elif key == _ENDS.get(section.name):
            section = head
        elif key:
            _keep(section, intern(key), value if has_value else None, row, faults)
    faults.add(row, "file", "its end", f"{_END}: the file was cut off")
    return sections


def _rows(text: str) -> Iterator[str]:
    """Lines one at a time: a list of them is many times as large as the text."""
    begin = 0
    while (end := text.find("\n", begin)) >= 0:
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]


def _check_last(rest: Iterable[tuple[int, str]], row: int, faults: Faults) -> None:
    if any(line.strip() for _, line in rest):
        faults.add(row + 1, "file", "more lines", f"nothing after {_END}")


def _keep(section: _Section, key: str, value: str | None, row: int, faults: Faults) -> None:
    if value is None:
        faults.add(row, "line", key, "a key, = and its value")
        return
    is_list = not section.name and key in {"РасчСчет", "Документ"}
    if key in section.keys and not is_list:
        faults.add(row, key, f"{key} twice", "each key once")
    section.keys[key] = value
    section.rows[key] = row


def _statement(
    section: _Section, head: _Section, documents: Iterable[_Section], faults: Faults
) -> list[Statement]:
    """The statement of an account section, or nothing when it cannot be read."""
    account = section.get("РасчСчет") or head.get("РасчСчет")
    currency = _currency(account)
    if currency is None:
        faults.add(section.row, "РасчСчет", account, "20 digits with a currency in the 6th to 8th")
        return []
    begins = _day(section, "ДатаНачала", head, faults)
    ends = _day(section, "ДатаКонца", head, faults)
    amount = amounts_of(currency)
    row = Row(section.row, {k: v.strip() for k, v in section.keys.items()}, faults)
    opening = row.read("НачальныйОстаток", amount)
    closing = row.read("КонечныйОстаток", amount)
    received = row.read("ВсегоПоступило", amount)
    sent = row.read("ВсегоСписано", amount)
    if begins is None or ends is None:
        return []
    before = faults.count
    lines = [
        line
        for document in documents
        if _is_of(document, account)
        for line in _line(document, account, currency, (begins, ends), faults)
    ]
    if opening is None or closing is None or received is None or sent is None:
        return []
    statement = Statement(
        account=account,
        currency=currency.code,
        begins=begins,
        ends=ends,
        opening_minor=opening,
        closing_minor=closing,
        lines=lines,
        made=_day(head, "ДатаСоздания", None, faults) if head.get("ДатаСоздания") else None,
    )
    if faults.count == before:  # else what the lines sum to is not known
        check = partial(check_sum, faults, section.row, currency=currency)
        check("ВсегоПоступило", received, statement.received_minor)
        check("ВсегоСписано", sent, statement.sent_minor)
        check("КонечныйОстаток", closing, opening + statement.received_minor - statement.sent_minor)
    return [statement]


def _currency(account: str) -> Currency | None:
    if _ACCOUNT.fullmatch(account) is None:
        return None
    number = int(account[5:8])
    return currency_of("RUB") if number == _OLD_ROUBLE else CURRENCY_BY_NUMBER.get(number)


def _payer(document: _Section) -> str:
    return document.get("ПлательщикСчет", "ПлательщикРасчСчет")


def _payee(document: _Section) -> str:
    return document.get("ПолучательСчет", "ПолучательРасчСчет")


def _is_of(document: _Section, account: str) -> bool:
    return account in {_payer(document), _payee(document)}


def _check_used(documents: Iterable[_Section], known: set[str], faults: Faults) -> None:
    """A document that touches none of the accounts would silently be no line."""
    for document in documents:
        if _payer(document) not in known and _payee(document) not in known:
            found = f"{_payer(document) or 'nothing'} and {_payee(document) or 'nothing'}"
            expected = f"the account of this statement, {', '.join(sorted(known))}"
            faults.add(document.row, "ПлательщикСчет and ПолучательСчет", found, expected)


def _line(
    document: _Section,
    account: str,
    currency: Currency,
    period: tuple[date, date],
    faults: Faults,
) -> Iterator[Line]:
    """The document as a line of the account, or nothing when a key is wrong."""
    is_sent = _payer(document) == account
    if is_sent and _payee(document) == account:
        faults.add(document.row, "ПолучательСчет", account, "another account than the payer's")
        return
    row = Row(document.row, {k: v.strip() for k, v in document.keys.items()}, faults)
    minor = row.read("Сумма", amounts_of(currency, least=1))
    written = _day(document, "Дата", None, faults)
    posted = _posted(document, is_sent, period, faults)
    if minor is None or posted is None or written is None:
        return
    side = "Получатель" if is_sent else "Плательщик"
    yield Line(
        row=document.row,
        posted=posted,
        minor=-minor if is_sent else minor,
        kind=_kind(document) if is_sent else LineKind.PAYMENT,
        number=document.get("Номер"),
        document_date=written,
        counterparty=document.get(side, f"{side}1"),
        counterparty_account=_payee(document) if is_sent else _payer(document),
        inn=document.get(f"{side}ИНН"),
        purpose=_purpose(document),
        reference="" if document.get("Код") == "0" else document.get("Код"),
    )


def _purpose(document: _Section) -> str:
    if whole := document.get("НазначениеПлатежа"):
        return whole
    parts = (document.get(f"НазначениеПлатежа{n}") for n in range(1, 7))
    return " ".join(part for part in parts if part)


def _kind(document: _Section) -> LineKind:
    """What went out: a fee, a payment given back to its payer, or a payment of ours.

    A fee is the bank's own order in favour of its own income, or of what it calls a commission.
    """
    purpose = _purpose(document).casefold()
    is_order = document.word.casefold() == "банковский ордер"
    if _payee(document).startswith(_BANKS_INCOME) or (is_order and "комисси" in purpose):
        return LineKind.FEE
    return LineKind.RETURN if "возврат" in purpose else LineKind.PAYMENT


def _posted(
    document: _Section,
    is_sent: bool,  # noqa: FBT001 - the direction of the line
    period: tuple[date, date],
    faults: Faults,
) -> date | None:
    """The day of booking. Banks leave the key out of statements of one day."""
    name = "ДатаСписано" if is_sent else "ДатаПоступило"
    begins, ends = period
    if not document.get(name) and begins == ends:
        return begins
    posted = _day(document, name, None, faults)
    if posted is not None and not begins <= posted <= ends:
        row = document.rows.get(name, document.row)
        faults.add(row, name, posted.isoformat(), f"a day of the statement, {begins} to {ends}")
    return posted


def _day(section: _Section, name: str, head: _Section | None, faults: Faults) -> date | None:
    text = section.get(name) or ("" if head is None else head.get(name))
    try:
        return _read_day(text)
    except NotRead as error:
        faults.add(section.rows.get(name, section.row), name, text or None, error.expected)
        return None


def _read_day(text: str) -> date:
    parts = _DAY.fullmatch(text)
    if parts is None:
        raise NotRead("a day, 26.11.2026")
    try:
        return check_day(date(int(parts[3]), int(parts[2]), int(parts[1])))
    except NotRead:
        raise
    except ValueError:
        raise NotRead("a day that the calendar has") from None
