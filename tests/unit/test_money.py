"""Amounts: parsed in one place, digits as the client wrote them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.kernel.errors import InvalidAmount, InvalidCurrency
from payments.kernel.money import (
    CURRENCIES,
    MINOR_MAX,
    Money,
    amount_text,
    currency_of,
    format_minor,
    parse_minor,
)

RUB, JPY, BHD = currency_of("RUB"), currency_of("jpy"), currency_of("BHD")


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12", 1200),
        (b"12.3", 1230),
        (b'"12.30"', 1230),
        ("0.01", 1),
        ("10000000000000", MINOR_MAX),
        ("10000000000000.00", MINOR_MAX),
    ],
)
def test_plain_digits_become_minor_units(text: str | bytes, minor: int) -> None:
    assert parse_minor(text, RUB) == minor


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "0.00", "-1", "-0.01", "+1", "1e2", "1E+1000000", "NaN", "Infinity", "1_000"),
        *("01", ".5", "5.", "1.005", "1,5", " 1", "1 ", "1\n", "٣", "0x10", "{}", "true", "null"),
        *("[1]", '"1', '""', '"\\u0031"', "9" * 400, "10000000000000.01", "1" + "0" * 30),
    ],
)
def test_anything_else_is_no_amount(text: str) -> None:
    with pytest.raises(InvalidAmount):
        parse_minor(text, RUB)
    with pytest.raises(InvalidAmount):
        parse_minor(text.encode(), RUB)


def test_decimals_are_those_of_the_currency() -> None:
    assert parse_minor("7", JPY) == 7
    assert parse_minor("7.123", BHD) == 7123
    for text, currency in (("7.0", JPY), ("7.1234", BHD)):
        with pytest.raises(InvalidAmount, match="decimals"):
            parse_minor(text, currency)


def test_bytes_that_are_no_utf_8_are_no_amount() -> None:
    with pytest.raises(InvalidAmount):
        parse_minor(b"\xff\xfe", RUB)


@given(st.integers(1, MINOR_MAX), st.sampled_from([RUB, JPY, BHD]))
def test_text_and_minor_units_are_one_to_one(minor: int, currency: object) -> None:
    found = next(c for c in (RUB, JPY, BHD) if c is currency)
    assert parse_minor(format_minor(minor, found), found) == minor


def test_negative_amounts_keep_their_sign() -> None:
    assert format_minor(-5, RUB) == "-0.05"
    assert format_minor(-1234, BHD) == "-1.234"


def test_currencies_are_known_in_either_case_or_not_at_all() -> None:
    assert currency_of("rub") is CURRENCIES["RUB"]
    for code in ("", "XX", "RUBLE", "ЯЯЯ"):
        with pytest.raises(InvalidCurrency):
            currency_of(code)


def test_money_mixes_within_one_currency_only() -> None:
    assert Money(1, "RUB") + Money(2, "RUB") == Money(3, "RUB")
    assert Money(1, "RUB") < Money(2, "RUB")
    assert str(Money.parse("12.3", "rub")) == "12.30"
    with pytest.raises(ValueError, match="do not mix"):
        Money(1, "RUB") - Money(1, "USD")


def test_quotes_belong_to_json_not_to_the_amount() -> None:
    assert amount_text(b'"1.50"') == "1.50"
    assert amount_text('"') == '"'
