"""Money as integer minor units of one ISO 4217 currency, parsed in exactly one place."""

import re
from typing import Final, Self

import iso4217
import msgspec

from payments.kernel.errors import InvalidAmount, InvalidCurrency

MINOR_MAX: Final = 10**15
"""Largest amount a request may name, in minor units; sums stay far inside BIGINT."""

# A JSON number or the text of a JSON string. `re.ASCII` and `fullmatch` keep out Arabic digits,
# `1_000`, exponents, NaN and a trailing newline: `int(Decimal("1E+1000000"))` alone costs 22 s of
# CPU.
_AMOUNT: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,18}))?", re.ASCII)

_TOO_LONG: Final = re.compile(r"[1-9][0-9]{18,}(?:\.[0-9]+)?", re.ASCII)


class Currency(msgspec.Struct, frozen=True):
    """An ISO 4217 currency: `code` ("RUB"), `exponent` (how many decimals), `number` (643)."""

    code: str
    exponent: int
    number: int

    @property
    def scale(self) -> int:
        """Minor units in one major unit."""
        return int(10**self.exponent)


CURRENCIES: Final[dict[str, Currency]] = {
    entry.code: Currency(entry.code, entry.exponent, entry.number)
    for entry in iso4217.Currency
    if entry.exponent is not None and entry.number is not None
}
CURRENCY_BY_NUMBER: Final[dict[int, Currency]] = {c.number: c for c in CURRENCIES.values()}


def currency_of(code: str) -> Currency:
    """The currency of an ISO 4217 code, in either case. Raises `InvalidCurrency`."""
    # upper() turns a long s into S, which would make a second spelling of USD.
    currency = CURRENCIES.get(code)
    if currency is None and code.isascii():
        currency = CURRENCIES.get(code.upper())
    if currency is None:
        raise InvalidCurrency(f"{code[:10]!r} is not an ISO 4217 currency code")
    return currency


class Money(msgspec.Struct, frozen=True, order=False):
    """An amount in minor units with its currency code. Arithmetic only within one currency."""

    minor: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        """Sum within one currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Difference within one currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __lt__(self, other: "Money") -> bool:
        """Order within one currency."""
        return self.minor < self._same(other)

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not mix")
        return other.minor

    @classmethod
    def parse(cls, text: str | bytes, currency: str) -> Self:
        """A positive amount from the text of a JSON number or string (`12.3`, `"12.30"`)."""
        currency_ = currency_of(currency)
        return cls(parse_minor(text, currency_), currency_.code)

    def __str__(self) -> str:
        """The amount with all decimals of the currency: `12.30`."""
        return format_minor(self.minor, currency_of(self.currency))


def parse_minor(text: str | bytes, currency: Currency) -> int:
    """Minor units of a positive amount from the text of a JSON number or string.

    Raises `InvalidAmount` when it is not plain decimal digits, has more decimals than the currency,
    or is zero, negative or too large.
    """
    plain = amount_text(text)
    match = _AMOUNT.fullmatch(plain)
    if match is None:
        if _TOO_LONG.fullmatch(plain):
            raise _too_large(currency)
        raise InvalidAmount('an amount is plain decimal digits, such as 12 or "12.30"')
    sign, whole, decimals = match[1], match[2], match[3] or ""
    if len(decimals) > currency.exponent:
        raise InvalidAmount(f"{currency.code} has {currency.exponent} decimals")
    minor = int(whole) * currency.scale + int(decimals.ljust(currency.exponent, "0") or "0")
    if sign or minor == 0:
        raise InvalidAmount("an amount is greater than zero")
    if minor > MINOR_MAX:
        raise _too_large(currency)
    return minor


def _too_large(currency: Currency) -> InvalidAmount:
    largest = format_minor(MINOR_MAX, currency)
    return InvalidAmount(f"an amount is at most {largest} {currency.code}")


def amount_text(raw: str | bytes) -> str:
    """The amount in a raw JSON token: a number as it is, a string without its quotes."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    if len(text) >= 2 and text[0] == text[-1] == '"':  # noqa: PLR2004 - a pair of quotes
        return text[1:-1]
    return text


_ZEROS: Final = ("0", "0.0", "0.00", "0.000", "0.0000")
"""Nothing, by the number of decimals: most transfers have nothing reversed."""


def format_minor(minor: int, currency: Currency) -> str:
    """Text with all decimals of the currency, signed: -5 RUB minor → `-0.05`."""
    exponent = currency.exponent
    if minor == 0:
        return _ZEROS[exponent]
    if exponent == 0:
        return str(minor)
    if minor < 0:
        return f"-{format_minor(-minor, currency)}"
    digits = str(minor)  # sliced, not divided: faster, and every result formats two balances
    if len(digits) <= exponent:
        digits = digits.zfill(exponent + 1)
    return f"{digits[:-exponent]}.{digits[-exponent:]}"


def plain_minor(minor: int, currency: Currency) -> str:
    """Text without decimals for a whole amount, else with all of them: `350000`, `349999.50`."""
    whole, rest = divmod(minor, currency.scale)
    return format_minor(minor, currency) if rest else str(whole)


def float_number(minor: int, currency: Currency) -> msgspec.Raw:
    """A JSON number as Python writes a float: `7100.0`, `777.88`, `-0.5`."""
    return float_text(format_minor(minor, currency))


def float_text(amount: str) -> msgspec.Raw:
    """The same as `float_number`, from an amount written with all its decimals."""
    whole, _, decimals = amount.partition(".")
    return msgspec.Raw(f"{whole}.{decimals.rstrip('0') or '0'}".encode())


def short_number(minor: int, currency: Currency) -> msgspec.Raw:
    """A JSON integer for a whole amount, else with all decimals: `145000`, `145000.50`."""
    text = format_minor(minor, currency)
    return msgspec.Raw((text if minor % currency.scale else text.partition(".")[0]).encode())
