"""ISO 20022 camt.053: entries, batches of entries, reversals, what is not booked, fees."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final, TypeVar

from payments.kernel.money import CURRENCIES, Currency
from payments.kernel.rows import Faults
from payments.kernel.strict import NotRead, read_day, read_time
from payments.statements.amounts import amounts_of
from payments.statements.chain import check_sum, joined
from payments.statements.line import InvalidStatement, Line, LineKind, Statement
from payments.statements.nodes import Node, read_tree

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}")
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_SIGNS: Final = {"CRDT": 1, "DBIT": -1}
_BOOKED, _NOT_BOOKED = "BOOK", frozenset({"PDNG", "INFO", "FUTR"})
_FEES: Final = frozenset({"NCHG", "NCOM", "CHRG", "COMM", "FEES"})
_RETURNS: Final = frozenset({"NRTI"})
_ACCOUNT_MAX: Final = 35
T = TypeVar("T")


def is_camt053(raw: bytes) -> bool:
    """Whether the file begins as XML does."""
    return raw.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def read(raw: bytes) -> list[Statement]:
    """The statements of the file, one an account. Raises 422 `invalid_statement`."""
    root = read_tree(raw)
    faults = Faults()
    names = [v for k, v in root.attributes.items() if k == "xmlns" or k.startswith("xmlns:")]
    if root.name != "Document" or not any(_NAMESPACE.fullmatch(name) for name in names):
        found = f"{root.name} of {', '.join(names) or 'no namespace'}"
        faults.add(root.row, "Document", found, "a Document of camt.053.001")
    faults.raise_as(InvalidStatement)
    nodes = list(root.all("BkToCstmrStmt", "Stmt"))
    if not nodes:
        faults.add(root.row, "Stmt", None, "a statement")
    parts = [(node.row, part) for node in nodes for part in _statement(node, faults)]
    faults.raise_as(InvalidStatement)
    statements = joined(parts, faults)
    faults.raise_as(InvalidStatement)
    return statements


def _statement(node: Node, faults: Faults) -> Iterator[Statement]:
    account = node.get("Acct", "Id", "IBAN") or node.get("Acct", "Id", "Othr", "Id")
    if not 0 < len(account) <= _ACCOUNT_MAX:
        faults.add(node.row, "Acct", account or None, "the account, IBAN or Othr")
        return
    opening, closing = _balance(node, _OPENING, faults), _balance(node, _CLOSING, faults)
    if opening is None or closing is None:
        return
    currency = opening[2]
    if closing[2] != currency:
        faults.add(node.row, "CLBD", closing[2].code, currency.code)
        return
    before = faults.count
    lines: list[Line] = []
    pending = 0
    for entry in node.all("Ntry"):
        status = entry.get("Sts", "Cd") or entry.get("Sts")
        if status == _BOOKED:
            lines += _entry(entry, currency, faults)
        elif status in _NOT_BOOKED:
            pending += 1
        else:
            faults.add(entry.row, "Sts", status, "BOOK, PDNG, INFO or FUTR")
    if faults.count == before:
        _check(node, lines, (opening[1], closing[1]), currency, faults)
    days = [line.posted for line in lines]
    yield Statement(
        account=account,
        currency=currency.code,
        begins=min([closing[0], *days]),
        ends=max([closing[0], *days]),
        opening_minor=opening[1],
        closing_minor=closing[1],
        lines=lines,
        pending=pending,
        made=_made(node, faults),
    )


def _made(node: Node, faults: Faults) -> date | None:
    created = node.one("CreDtTm")
    if created is None:
        return None
    return _read(created.text.strip(), _any_zone, "CreDtTm", created.row, faults)


def _check(
    node: Node,
    lines: Sequence[Line],
    balances: tuple[int, int],
    currency: Currency,
    faults: Faults,
) -> None:
    """Balances, and the sums of the summary where the file has one."""
    received = sum(line.minor for line in lines if line.minor > 0)
    sent = -sum(line.minor for line in lines if line.minor < 0)
    total = balances[0] + received - sent
    check_sum(faults, node.row, "CLBD", balances[1], total, currency)
    for name, has in (("TtlCdtNtries", received), ("TtlDbtNtries", sent)):
        stated = node.one("TxsSummry", name, "Sum")
        if stated is not None and not any(True for _ in node.all("Ntry", "NtryDtls", "Btch")):
            says = _read(stated.text.strip(), amounts_of(currency), name, stated.row, faults)
            if says is not None:
                check_sum(faults, stated.row, name, says, has, currency)


def _balance(node: Node, codes: Sequence[str], faults: Faults) -> tuple[date, int, Currency] | None:
    """The first balance of these codes; days follow pages, so of two openings the first counts."""
    for code in codes:
        for balance in node.all("Bal"):
            if balance.get("Tp", "CdOrPrtry", "Cd") == code:
                return _read_balance(balance, code, faults)
    faults.add(node.row, "Bal", None, f"a balance {' or '.join(codes)}")
    return None


def _read_balance(balance: Node, code: str, faults: Faults) -> tuple[date, int, Currency] | None:
    amount = balance.one("Amt")
    ccy = "" if amount is None else amount.attributes.get("Ccy", "")
    currency = CURRENCIES.get(ccy)
    sign = _SIGNS.get(balance.get("CdtDbtInd"))
    day = _day(balance, "Dt", faults)
    if amount is None or currency is None:
        faults.add(balance.row, f"{code} Amt", ccy or None, "an amount with Ccy, such as EUR")
        return None
    minor = _read(amount.text.strip(), amounts_of(currency), code, amount.row, faults)
    if sign is None:
        faults.add(balance.row, f"{code} CdtDbtInd", balance.get("CdtDbtInd"), "CRDT or DBIT")
    if sign is None or minor is None or day is None:
        return None
    return day, sign * minor, currency


def _read(text: str, reader: Callable[[str], T], field: str, row: int, faults: Faults) -> T | None:
    try:
        return reader(text)
    except NotRead as error:
        faults.add(row, field, text or None, error.expected)
        return None


def _day(node: Node, name: str, faults: Faults) -> date | None:
    """The day as the bank writes it: of a time, its own day and not that of UTC."""
    place = node.one(name)
    if place is None:
        faults.add(node.row, name, None, "a day")
        return None
    if time := place.get("DtTm"):
        moment = _read(time, _any_zone, name, place.row, faults)
        return None if moment is None else moment
    return _read((place.get("Dt") or place.text.strip())[:10], read_day, name, place.row, faults)


def _any_zone(text: str) -> date:
    day = read_day(text[:10])
    if len(text) > 19:  # noqa: PLR2004 - 2026-11-26T12:00:00, and then a zone or a fraction
        read_time(text if text[-1] == "Z" or text[-6] in "+-" else f"{text}Z")
    return day


def _entry(entry: Node, currency: Currency, faults: Faults) -> list[Line]:
    """The entry, or the transactions of its batch: never both."""
    sign, minor = _signed(entry, currency, faults)
    posted = _day(entry, "BookgDt", faults)
    if minor is None or posted is None:
        return []
    details = list(entry.all("NtryDtls", "TxDtls"))
    stated = entry.get("NtryDtls", "Btch", "NbOfTxs")
    if details and stated and stated != str(len(details)):
        faults.add(entry.row, "NbOfTxs", f"{len(details)} transactions", f"{stated}, as it says")
    amounts = [_tx_amount(one) for one in details]
    if len(details) > 1 and all(a is not None for a in amounts):
        return _batch(entry, details, (sign * minor, posted), currency, faults)
    if len(details) > 1 and any(a is not None for a in amounts):
        faults.add(entry.row, "TxDtls", "amounts of some transactions", "of all of them, or none")
    one = details[0] if len(details) == 1 else entry
    return [_line(entry, one, sign * minor, posted, is_batched=False)]


def _signed(node: Node, currency: Currency, faults: Faults) -> tuple[int, int | None]:
    """Sign and amount of an entry. RvslInd changes nothing: CdtDbtInd says where money went."""
    sign = _SIGNS.get(node.get("CdtDbtInd"))
    if sign is None:
        faults.add(node.row, "CdtDbtInd", node.get("CdtDbtInd") or None, "CRDT or DBIT")
        return 1, None
    amount = node.one("Amt")
    return sign, _amount(amount, node.row, currency, faults)


def _amount(amount: Node | None, row: int, currency: Currency, faults: Faults) -> int | None:
    if amount is None or amount.attributes.get("Ccy") != currency.code:
        found = None if amount is None else amount.attributes.get("Ccy")
        faults.add(row, "Amt", found, f"an amount with Ccy {currency.code}")
        return None
    return _read(amount.text.strip(), amounts_of(currency, least=0), "Amt", amount.row, faults)


def _tx_amount(details: Node) -> Node | None:
    """Where versions of the format keep the amount of a transaction."""
    return details.one("Amt") or details.one("AmtDtls", "TxAmt", "Amt")


def _batch(
    entry: Node,
    details: Sequence[Node],
    booked: tuple[int, date],
    currency: Currency,
    faults: Faults,
) -> list[Line]:
    total, posted = booked
    lines: list[Line] = []
    for one in details:
        minor = _amount(_tx_amount(one), one.row, currency, faults)
        sign = _SIGNS.get(one.get("CdtDbtInd") or entry.get("CdtDbtInd"))
        if minor is not None and sign is not None:
            lines.append(_line(entry, one, sign * minor, posted, is_batched=True))
    if len(lines) == len(details):
        has = sum(line.minor for line in lines)
        check_sum(faults, entry.row, "Amt of the batch", total, has, currency)
    return lines


def _line(entry: Node, details: Node, minor: int, posted: date, *, is_batched: bool) -> Line:
    party = "Dbtr" if minor > 0 else "Cdtr"
    entry_id = entry.get("AcctSvcrRef")
    reference = details.get("Refs", "EndToEndId")
    own_id = details.get("Refs", "AcctSvcrRef")
    if not own_id and is_batched and entry_id:  # the order in a batch is no id
        own_id = f"{entry_id}/{details.get('Refs', 'TxId') or reference}"
    parties = ("RltdPties", party)
    return Line(
        row=details.row,
        posted=posted,
        minor=minor,
        kind=_kind(entry, details),
        number=entry_id,
        counterparty=details.get(*parties, "Pty", "Nm") or details.get(*parties, "Nm"),
        counterparty_account=_account(details, party),
        inn=details.get(*parties, "Pty", "Id", "OrgId", "Othr", "Id"),
        purpose=" ".join(n.text.strip() for n in details.all("RmtInf", "Ustrd"))
        or entry.get("AddtlNtryInf"),
        reference="" if reference == "NOTPROVIDED" else reference,
        bank_id=own_id or entry_id,
        reason=details.get("RtrInf", "Rsn", "Cd"),
    )


def _account(details: Node, party: str) -> str:
    where = ("RltdPties", f"{party}Acct", "Id")
    return details.get(*where, "IBAN") or details.get(*where, "Othr", "Id")


def _kind(entry: Node, details: Node) -> LineKind:
    codes = {
        entry.get("BkTxCd", "Prtry", "Cd"),
        entry.get("BkTxCd", "Domn", "Fmly", "SubFmlyCd"),
    }
    is_reversal = entry.get("RvslInd") in {"true", "1"} or details.one("RtrInf") is not None
    if is_reversal or codes & _RETURNS:
        return LineKind.RETURN
    return LineKind.FEE if codes & _FEES else LineKind.PAYMENT
