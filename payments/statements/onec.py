"""1C client-bank exchange (1CClientBankExchange 1.02 and 1.03): what Russian banks send."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

import msgspec

from payments.kernel.money import CURRENCY_BY_NUMBER, Currency, currency_of
from payments.kernel.rows import Faults, Row
from payments.kernel.strict import NotRead, check_day
from payments.statements.amounts import amounts_of
from payments.statements.chain import check_sum, joined
from payments.statements.file import StatementFile
from payments.statements.limits import checked
from payments.statements.line import InvalidStatement, Line, LineKind
from payments.statements.lines import Lines
from payments.statements.onec_sections import ACCOUNT, DOCUMENT, MARK, Section, sections
from payments.statements.statement import Statement
from payments.statements.text import decode

VERSIONS: Final = frozenset({"1.02", "1.03"})
ENCODINGS: Final = {"Windows": "cp1251", "DOS": "cp866"}
_SUMS: Final = ("НачальныйОстаток", "КонечныйОстаток", "ВсегоПоступило", "ВсегоСписано")
_DAY: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_ACCOUNT: Final = re.compile(r"[0-9]{20}")
_OLD_ROUBLE: Final = 810
"""Accounts still carry the code that the rouble had before 1998."""
_BANKS_INCOME: Final = "706"
"""Accounts of a bank's own income begin so: what goes there is what the bank charges."""


class _Account(msgspec.Struct, frozen=True):
    """An account section: where it stands, what is known of the account, its sums and its lines."""

    section: Section
    account: str
    currency: Currency
    period: tuple[date, date]
    sums: list[int]
    lines: Lines


def is_onec(file: StatementFile) -> bool:
    """Whether the file begins as this format does."""
    return file.head.removeprefix(b"\xef\xbb\xbf").startswith(MARK.encode())


def read(file: StatementFile) -> list[Statement]:
    """The statements of the file, one an account. Raises 422 `invalid_statement`."""
    text = decode(file, _declared(file.head))
    faults = Faults()
    # Of the documents nothing is kept here: there may be a million.
    frame = [s for s in sections(text, Faults(), skipped=DOCUMENT) if s.name != DOCUMENT]
    head, balances = frame[-1], [s for s in frame if s.name == ACCOUNT]
    if not balances:
        faults.add(0, ACCOUNT, None, "a section with the balances of an account")
    accounts = [one for s in balances for one in _account(s, head, faults)]
    known = {s.get("РасчСчет") or head.get("РасчСчет") for s in balances}
    before = faults.count
    for section in sections(text, faults):
        if section.name == DOCUMENT:
            _check_used(section, known, faults)
            for one in _of_its_day(section, accounts):
                one.lines.extend(checked(line, faults) for line in _lines(section, one, faults))
    version = head.get("ВерсияФормата")
    if version not in VERSIONS:
        faults.add(head.rows.get("ВерсияФормата", 1), "ВерсияФормата", version, "1.02 or 1.03")
    is_read = faults.count == before  # else what the lines sum to is not known
    parts = [
        (a.section.row, s) for a in accounts for s in _statement(a, head, faults, is_read=is_read)
    ]
    faults.raise_as(InvalidStatement)
    statements = joined(parts, faults)
    faults.raise_as(InvalidStatement)
    return statements


def _declared(head: bytes) -> str | None:
    """The encoding that the head names, in the encoding that it names."""
    for word, encoding in ENCODINGS.items():
        if re.search(rb"(?m)^%b[ \t]*\r?$" % f"Кодировка={word}".encode(encoding), head[:4096]):
            return encoding
    return None


def _account(section: Section, head: Section, faults: Faults) -> list[_Account]:
    """An account section, or nothing when it cannot be read."""
    account = section.get("РасчСчет") or head.get("РасчСчет")
    currency = _currency(account)
    if currency is None:
        faults.add(section.row, "РасчСчет", account, "20 digits with a currency in the 6th to 8th")
        return []
    begins = _day(section, "ДатаНачала", head, faults)
    ends = _day(section, "ДатаКонца", head, faults)
    sums = [_amount(section, name, amounts_of(currency), faults) for name in _SUMS]
    if begins is None or ends is None:
        return []
    found = [one for one in sums if one is not None]
    return [_Account(section, account, currency, (begins, ends), found, Lines())]


def _amount(
    section: Section, name: str, reader: Callable[[str], int], faults: Faults
) -> int | None:
    """The amount; a wrong one is a fault of its own row."""
    fields = {name: section.keys[name].strip()} if name in section.keys else {}
    return Row(section.rows.get(name, section.row), fields, faults).read(name, reader)


def _statement(
    one: _Account, head: Section, faults: Faults, *, is_read: bool
) -> Iterator[Statement]:
    """The statement of an account whose documents have been read; `is_read`: all of them."""
    if len(one.sums) != len(_SUMS):
        return
    opening, closing, received, sent = one.sums
    yield Statement(
        account=one.account,
        currency=one.currency.code,
        begins=one.period[0],
        ends=one.period[1],
        opening_minor=opening,
        closing_minor=closing,
        lines=one.lines,
        made=_day(head, "ДатаСоздания", None, faults) if head.get("ДатаСоздания") else None,
    )
    if is_read:
        has_in, has_out = one.lines.received_minor, one.lines.sent_minor
        for name, says, has in (
            ("ВсегоПоступило", received, has_in),
            ("ВсегоСписано", sent, has_out),
            ("КонечныйОстаток", closing, opening + has_in - has_out),
        ):
            check_sum(faults, one.section.rows[name], name, says, has, one.currency)


def _currency(account: str) -> Currency | None:
    if _ACCOUNT.fullmatch(account) is None:
        return None
    number = int(account[5:8])
    return currency_of("RUB") if number == _OLD_ROUBLE else CURRENCY_BY_NUMBER.get(number)


def _payer(document: Section) -> str:
    return document.get("ПлательщикСчет", "ПлательщикРасчСчет")


def _payee(document: Section) -> str:
    return document.get("ПолучательСчет", "ПолучательРасчСчет")


def _check_used(document: Section, known: set[str], faults: Faults) -> None:
    """A document that touches none of the accounts would silently be no line."""
    if known.isdisjoint((_payer(document), _payee(document))):
        found = f"{_payer(document) or 'nothing'} and {_payee(document) or 'nothing'}"
        expected = f"the account of this statement, {', '.join(sorted(known))}"
        faults.add(document.row, "ПлательщикСчет and ПолучательСчет", found, expected)


def _of_its_day(document: Section, accounts: Sequence[_Account]) -> Sequence[_Account]:
    """The accounts it is for; of several sections of one, that of the document's day."""
    if len({one.account for one in accounts}) == len(accounts):
        return accounts
    days = {
        account: _posted(document, account == _payer(document), None, Faults())
        for account in (_payer(document), _payee(document))
    }
    return [
        one
        for one in accounts
        if (day := days.get(one.account)) and one.period[0] <= day <= one.period[1]
    ] or accounts


def _lines(document: Section, of: _Account, faults: Faults) -> Iterator[Line]:
    """The document as a line of the account; nothing when it is another's, or a key is wrong."""
    account, currency = of.account, of.currency
    is_sent = _payer(document) == account
    if not is_sent and _payee(document) != account:
        return
    if is_sent and _payee(document) == account:
        faults.add(document.row, "ПолучательСчет", account, "another account than the payer's")
        return
    minor = _amount(document, "Сумма", amounts_of(currency, least=1), faults)
    written = _day(document, "Дата", None, faults)
    posted = _posted(document, is_sent, of.period, faults)
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


def _purpose(document: Section) -> str:
    if whole := document.get("НазначениеПлатежа"):
        return whole
    parts = (document.get(f"НазначениеПлатежа{n}") for n in range(1, 7))
    return " ".join(part for part in parts if part)


def _kind(document: Section) -> LineKind:
    """What went out: a fee, a payment given back to its payer, or a payment of ours.

    A fee is the bank's own order in favour of its own income, or of what it calls a commission.
    """
    purpose = _purpose(document).casefold()
    is_order = document.word.casefold() == "банковский ордер"
    if _payee(document).startswith(_BANKS_INCOME) or (is_order and "комисси" in purpose):
        return LineKind.FEE
    return LineKind.RETURN if "возврат" in purpose else LineKind.PAYMENT


def _posted(
    document: Section,
    is_sent: bool,  # noqa: FBT001 - the direction of the line
    period: tuple[date, date] | None,
    faults: Faults,
) -> date | None:
    """The day of booking. Banks leave the key out of statements of one day."""
    name = "ДатаСписано" if is_sent else "ДатаПоступило"
    if period is None:
        return _day(document, name, None, faults)
    begins, ends = period
    if not document.get(name) and begins == ends:
        return begins
    posted = _day(document, name, None, faults)
    if posted is not None and not begins <= posted <= ends:
        row = document.rows.get(name, document.row)
        faults.add(row, name, posted.isoformat(), f"a day of the statement, {begins} to {ends}")
    return posted


def _day(section: Section, name: str, head: Section | None, faults: Faults) -> date | None:
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
