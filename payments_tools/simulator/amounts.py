"""Amounts in SuperPay's JSON: numbers with exactly the currency's decimals."""

import re
from decimal import Decimal
from typing import Final

from payments_tools.simulator.errors import ApiError

EXPONENTS: Final = {"RUB": 2, "USD": 2, "EUR": 2, "GBP": 2, "KZT": 2, "JPY": 0, "KWD": 3}
_MINOR_MAX: Final = 10**15
_LIMIT_MINOR: Final = 10**9
_DIGITS: Final = re.compile(r"(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,18}))?", re.ASCII)


def parse_minor(raw: bytes, currency: str) -> int:
    """Minor units from the raw JSON text of a number or a string. Raises `ApiError`."""
    if currency not in EXPONENTS:
        raise ApiError("unsupported_currency", f"No currency {currency[:10]}.", field="currency")
    text = raw.decode(errors="replace").strip()
    if text.startswith('"') and text.endswith('"'):
        text = text[1:-1]
    found = _DIGITS.fullmatch(text)
    exponent = EXPONENTS[currency]
    if found is None or len(found[2] or "") > exponent:
        raise ApiError(
            "invalid_amount", "Plain digits with the currency's decimals.", field="amount"
        )
    minor = int(found[1] + (found[2] or "").ljust(exponent, "0"))
    if not 0 < minor <= _MINOR_MAX:
        raise ApiError("invalid_amount", "Zero, or too large to be true.", field="amount")
    return minor


def within_limits(minor: int) -> bool:
    """Whether SuperPay takes a transaction of this size (specification §15)."""
    return minor <= _LIMIT_MINOR


def on_wire(minor: int | None, currency: str | None) -> Decimal | None:
    """The amount with all decimals of its currency; msgspec writes its digits as they stand."""
    if minor is None or currency is None:
        return None
    return Decimal(minor).scaleb(-EXPONENTS[currency])


def other_currency(currency: str) -> str:
    """Another currency, if possible one with the same number of decimals."""
    alike = [
        code for code in EXPONENTS if EXPONENTS[code] == EXPONENTS[currency] and code != currency
    ]
    return alike[0] if alike else "RUB"
