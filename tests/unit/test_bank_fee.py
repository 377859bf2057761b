"""What a payment between banks costs: percent, minimum, rounding."""

import pytest

from payments.banks.books import fee_minor
from payments.banks.writes import percent_bp

# The seed's tariffs: 1→2 5 % at least 50, 2→1 2 % at least 100 (minor units below).
SBER_ALFA = (500, 50_00)
ALFA_SBER = (200, 100_00)


@pytest.mark.parametrize(
    ("price", "tariff", "fee"),
    [
        (2000_00, SBER_ALFA, 100_00),  # 5 % of 2000
        (2000_00, ALFA_SBER, 100_00),  # 2 % is 40, the minimum is 100
        (10_000_00, ALFA_SBER, 200_00),  # 2 % is more than the minimum
        (1000_00, SBER_ALFA, 50_00),  # 5 % is exactly the minimum
        (999_99, SBER_ALFA, 50_00),  # just below it
        (1000_10, SBER_ALFA, 50_01),  # 50.005: half a minor unit goes up
        (1000_09, SBER_ALFA, 50_00),  # 50.0045: less than half goes down
        (50_00, SBER_ALFA, 50_00),  # the minimum takes all of it: such a payment is refused
        (30_00, SBER_ALFA, 50_00),  # and so is one that it would exceed
        (1, (500, 0), 0),  # 0.05 of a minor unit
        (10, (500, 0), 1),  # exactly half of one
        (33_33, (275, 0), 92),  # 2.75 %: 91.6575
        (10**15, (10_000, 0), 10**15),  # all of the largest amount, exactly
        (10**15 - 1, (333, 0), 33_300_000_000_000),
        (100_00, (0, 0), 0),
    ],
)
def test_fee(price: int, tariff: tuple[int, int], fee: int) -> None:
    assert fee_minor(price, *tariff) == fee


@pytest.mark.parametrize(
    ("percent", "basis_points"),
    [("5", 500), ("2.75", 275), ("0.01", 1), ("0", 0), ("100", 10_000), ("100.00", 10_000)],
)
def test_percent_has_two_decimals(percent: str, basis_points: int) -> None:
    assert percent_bp(percent) == basis_points


@pytest.mark.parametrize(
    "percent", ["", ".", "-1", "1e2", "100.01", "0.001", "NaN", "\u0665", "1_0", "10000000"]
)
def test_percent_is_plain_text(percent: str) -> None:
    with pytest.raises(ValueError, match="percentage"):
        percent_bp(percent)
