"""Amounts of statements: signed, with the decimal mark and the thousands of their format."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from payments.kernel.money import MINOR_MAX, Currency, format_minor
from payments.kernel.strict import NotRead

_PLAIN: Final = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?")
_GROUPED: Final = re.compile(r"-?[0-9]{1,3}(?: [0-9]{3})+(?:\.[0-9]+)?")


@lru_cache(maxsize=256)  # asked for each line
def amounts_of(
    currency: Currency,
    *,
    decimal: str = ".",
    thousands: str = "",
    least: int = -MINOR_MAX,
) -> Callable[[str], int]:
    """A reader of amounts of a currency, in minor units, `least` to MINOR_MAX.

    `thousands`: characters that may stand between groups of three digits.
    """
    expected = _expected(currency, decimal, least)

    def read(text: str) -> int:
        parts = _PLAIN.fullmatch(_plain(text, decimal, thousands))
        if parts is None:
            raise NotRead(expected)
        sign, whole, decimals = parts[1], parts[2], parts[3] or ""
        if len(decimals.rstrip("0")) > currency.exponent:
            raise NotRead(f"at most {currency.exponent} decimals of {currency.code}")
        cut = decimals[: currency.exponent].ljust(currency.exponent, "0")
        minor = int(whole) * currency.scale + int(cut or "0")
        minor = -minor if sign else minor
        if not least <= minor <= MINOR_MAX:
            raise NotRead(expected)
        return minor

    return read


def _plain(text: str, decimal: str, thousands: str) -> str:
    """The amount with a point and without groups; nothing when its marks stand wrong."""
    plain = text.translate({ord(mark): " " for mark in thousands})
    if decimal != ".":
        plain = plain.replace(".", "?").replace(decimal, ".", 1)
    if " " in plain and _GROUPED.fullmatch(plain) is None:
        return ""
    return plain.replace(" ", "")


def _expected(currency: Currency, decimal: str, least: int) -> str:
    example = format_minor(123 * currency.scale, currency).replace(".", decimal)
    sort = "an amount above zero" if least > 0 else "an amount"
    return f"{sort} of {currency.code}, such as {example}"


def told(minor: int, currency: Currency) -> str:
    """An amount with its currency, for messages."""
    return f"{format_minor(minor, currency)} {currency.code}"
