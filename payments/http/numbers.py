"""Amounts as JSON numbers, as some seeds show them; digit by digit, never through a float."""

import msgspec

from payments.kernel.money import Currency, format_minor


def float_number(minor: int, currency: Currency) -> msgspec.Raw:
    """As Python writes a float: `7100.0`, `777.88`, `-0.5`."""
    return float_text(format_minor(minor, currency))


def float_text(amount: str) -> msgspec.Raw:
    """The same from an amount written with all its decimals."""
    whole, _, decimals = amount.partition(".")
    return msgspec.Raw(f"{whole}.{decimals.rstrip('0') or '0'}".encode())


def short_number(minor: int, currency: Currency) -> msgspec.Raw:
    """A whole amount as an integer, else with all decimals: `145000`, `145000.50`."""
    text = format_minor(minor, currency)
    return msgspec.Raw((text if minor % currency.scale else text.partition(".")[0]).encode())
