"""Balances, amounts and days of camt.053, each wrong one a fault."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final, TypeVar

from payments.kernel.money import CURRENCIES, Currency
from payments.kernel.rows import Faults
from payments.kernel.strict import NotRead, read_day, read_time
from payments.statements.amounts import amounts_of
from payments.statements.nodes import Node

SIGNS: Final = {"CRDT": 1, "DBIT": -1}
T = TypeVar("T")


def balance_of(
    node: Node, codes: Sequence[str], faults: Faults
) -> tuple[date, int, Currency] | None:
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
    sign = SIGNS.get(balance.get("CdtDbtInd"))
    day = day_of(balance, "Dt", faults)
    if amount is None or currency is None:
        faults.add(balance.row, f"{code} Amt", ccy or None, "an amount with Ccy, such as EUR")
        return None
    minor = read_text(amount.text.strip(), amounts_of(currency), code, amount.row, faults)
    if sign is None:
        faults.add(balance.row, f"{code} CdtDbtInd", balance.get("CdtDbtInd"), "CRDT or DBIT")
    if sign is None or minor is None or day is None:
        return None
    return day, sign * minor, currency


def read_text(
    text: str, reader: Callable[[str], T], field: str, row: int, faults: Faults
) -> T | None:
    try:
        return reader(text)
    except NotRead as error:
        faults.add(row, field, text or None, error.expected)
        return None


def day_of(node: Node, name: str, faults: Faults) -> date | None:
    """The day as the bank writes it: of a time, its own day and not that of UTC."""
    place = node.one(name)
    if place is None:
        faults.add(node.row, name, None, "a day")
        return None
    if time := place.get("DtTm"):
        moment = read_text(time, day_in_any_zone, name, place.row, faults)
        return None if moment is None else moment
    return read_text(
        (place.get("Dt") or place.text.strip())[:10], read_day, name, place.row, faults
    )


def day_in_any_zone(text: str) -> date:
    day = read_day(text[:10])
    if len(text) > 19:  # noqa: PLR2004 - 2026-11-26T12:00:00, and then a zone or a fraction
        read_time(text if text[-1] == "Z" or text[-6] in "+-" else f"{text}Z")
    return day
