"""ISO 20022 camt.053: entries, batches of entries, reversals, what is not booked, fees."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from payments.kernel.money import Currency
from payments.kernel.rows import Faults
from payments.statements.amounts import amounts_of
from payments.statements.camt053_fields import (
    SIGNS,
    balance_of,
    day_in_any_zone,
    day_of,
    read_text,
)
from payments.statements.chain import check_sum, joined
from payments.statements.file import StatementFile
from payments.statements.limits import checked
from payments.statements.line import InvalidStatement, Line, LineKind
from payments.statements.lines import Lines
from payments.statements.nodes import Node, read_tree
from payments.statements.statement import Statement

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}")
_ENTRY: Final = ("Document", "BkToCstmrStmt", "Stmt", "Ntry")
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD",)
_BOOKED, _NOT_BOOKED = "BOOK", frozenset({"PDNG", "INFO", "FUTR"})
_FEES: Final = frozenset({"NCHG", "NCOM", "CHRG", "COMM", "FEES"})
_RETURNS: Final = frozenset({"NRTI"})
_ACCOUNT_MAX: Final = 35


class _Entries:
    """The entries of a statement, taken as they come: a file may have a million."""

    def __init__(self, node: Node, faults: Faults) -> None:
        self._node = node
        self._faults = faults
        self.lines = Lines()
        self.currency: Currency | None = None
        self.pending = 0
        self.has_batch = False
        self.is_right = True

    def take(self, entry: Node) -> bool:
        """False while the balance, which stands before them, has not told the currency."""
        if self.currency is None:
            opening = balance_of(self._node, _OPENING, Faults())
            if opening is None:
                return False
            self.currency = opening[2]
        self.add(entry, self.currency)
        return True

    def add(self, entry: Node, currency: Currency) -> None:
        """Its lines, if it is booked."""
        before = self._faults.count
        status = entry.get("Sts", "Cd") or entry.get("Sts")
        self.has_batch |= entry.one("NtryDtls", "Btch") is not None
        if status == _BOOKED:
            lines = _entry(entry, currency, self._faults)
            self.lines.extend(checked(line, self._faults) for line in lines)
        elif status in _NOT_BOOKED:
            self.pending += 1
        else:
            self._faults.add(entry.row, "Sts", status, "BOOK, PDNG, INFO or FUTR")
        self.is_right &= self._faults.count == before


def is_camt053(file: StatementFile) -> bool:
    """Whether the file begins as XML does."""
    return file.head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def read(file: StatementFile) -> list[Statement]:
    """The statements of the file, one an account. Raises 422 `invalid_statement`."""
    faults = Faults()
    taken: dict[int, _Entries] = {}

    def take(statement: Node, entry: Node) -> bool:
        return taken.setdefault(id(statement), _Entries(statement, faults)).take(entry)

    root = read_tree(file, _ENTRY, take)
    names = [v for k, v in root.attributes.items() if k == "xmlns" or k.startswith("xmlns:")]
    if root.name != _ENTRY[0] or not any(_NAMESPACE.fullmatch(name) for name in names):
        found = f"{root.name} of {', '.join(names) or 'no namespace'}"
        faults.add(root.row, "Document", found, "a Document of camt.053.001")
        faults.raise_as(InvalidStatement)
    nodes = list(root.all("BkToCstmrStmt", "Stmt"))
    if not nodes:
        faults.add(root.row, "Stmt", None, "a statement")
    parts = [
        (node.row, part)
        for node in nodes
        for part in _statement(node, taken.get(id(node)) or _Entries(node, faults), faults)
    ]
    faults.raise_as(InvalidStatement)
    statements = joined(parts, faults)
    faults.raise_as(InvalidStatement)
    return statements


def _statement(node: Node, entries: _Entries, faults: Faults) -> Iterator[Statement]:
    account = node.get("Acct", "Id", "IBAN") or node.get("Acct", "Id", "Othr", "Id")
    if not 0 < len(account) <= _ACCOUNT_MAX:
        faults.add(node.row, "Acct", account or None, "the account, IBAN or Othr")
        return
    opening, closing = balance_of(node, _OPENING, faults), balance_of(node, _CLOSING, faults)
    if opening is None or closing is None:
        return
    currency = opening[2]
    if closing[2] != currency:
        faults.add(node.row, "CLBD", closing[2].code, currency.code)
        return
    for entry in node.all("Ntry"):  # those that stand before the balance
        entries.add(entry, currency)
    if entries.is_right:
        _check(node, entries, (opening[1], closing[1]), currency, faults)
    lines = entries.lines
    yield Statement(
        account=account,
        currency=currency.code,
        begins=min(closing[0], lines.first_day or closing[0]),
        ends=max(closing[0], lines.last_day or closing[0]),
        opening_minor=opening[1],
        closing_minor=closing[1],
        lines=lines,
        pending=entries.pending,
        made=_made(node, faults),
    )


def _made(node: Node, faults: Faults) -> date | None:
    created = node.one("CreDtTm")
    if created is None:
        return None
    return read_text(created.text.strip(), day_in_any_zone, "CreDtTm", created.row, faults)


def _check(
    node: Node,
    entries: _Entries,
    balances: tuple[int, int],
    currency: Currency,
    faults: Faults,
) -> None:
    """Balances, and the sums of the summary where the file has one."""
    received, sent = entries.lines.received_minor, entries.lines.sent_minor
    total = balances[0] + received - sent
    check_sum(faults, node.row, "CLBD", balances[1], total, currency)
    for name, has in (("TtlCdtNtries", received), ("TtlDbtNtries", sent)):
        stated = node.one("TxsSummry", name, "Sum")
        if stated is not None and not entries.has_batch:
            says = read_text(stated.text.strip(), amounts_of(currency), name, stated.row, faults)
            if says is not None:
                check_sum(faults, stated.row, name, says, has, currency)


def _entry(entry: Node, currency: Currency, faults: Faults) -> list[Line]:
    """The entry, or the transactions of its batch: never both."""
    sign, minor = _signed(entry, currency, faults)
    posted = day_of(entry, "BookgDt", faults)
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
    sign = SIGNS.get(node.get("CdtDbtInd"))
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
    return read_text(amount.text.strip(), amounts_of(currency, least=0), "Amt", amount.row, faults)


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
        sign = SIGNS.get(one.get("CdtDbtInd") or entry.get("CdtDbtInd"))
        if sign is None:
            faults.add(one.row, "CdtDbtInd", one.get("CdtDbtInd"), "CRDT or DBIT")
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
