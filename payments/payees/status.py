"""What is known of a payee's wallet."""

import enum


class PayeeStatus(enum.Enum):
    """A wallet that SuperPay refused is not saved."""

    CONFIRMED = "confirmed"
    """SuperPay said that the wallet exists, may receive, and has this currency."""
    UNCONFIRMED = "unconfirmed"
    """SuperPay did not say; a payout finds out."""
