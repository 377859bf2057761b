"""Amounts as JSON numbers, exact to the last digit."""

import pytest

from payments.kernel.money import currency_of, float_number, float_text, short_number

LARGEST = 9_223_372_036_854_775_807


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (710000, "USD", b"7100.0"),
        (77788, "USD", b"777.88"),
        (50, "USD", b"0.5"),
        (-50, "USD", b"-0.5"),
        (0, "USD", b"0.0"),
        (7, "JPY", b"7.0"),
        (1001, "KWD", b"1.001"),
        (LARGEST, "USD", b"92233720368547758.07"),
    ],
)
def test_as_a_float_is_written(minor: int, currency: str, text: bytes) -> None:
    assert bytes(float_number(minor, currency_of(currency))) == text


@pytest.mark.parametrize(
    ("minor", "text"),
    [(14_500_000, b"145000"), (14_500_050, b"145000.50"), (0, b"0"), (-1, b"-0.01")],
)
def test_a_whole_amount_is_an_integer(minor: int, text: bytes) -> None:
    assert bytes(short_number(minor, currency_of("RUB"))) == text


def test_from_text() -> None:
    assert bytes(float_text("12.30")) == b"12.3"
