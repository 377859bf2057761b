"""What a payment between banks costs, in integers only."""

from typing import Final

WHOLE_BP: Final = 10_000
"""All of the price, in hundredths of a percent."""


def fee_minor(price_minor: int, percent_bp: int, min_minor: int) -> int:
    """`max(price * percent / 100, minimum)`, rounded half-up, never above the price."""
    percent_minor = (2 * price_minor * percent_bp + WHOLE_BP) // (2 * WHOLE_BP)
    return min(price_minor, max(percent_minor, min_minor))
