"""Where a bank payment stands, and what its tariff says about the fee of a refund."""

import enum


class PaymentStatus(enum.Enum):
    """By the words of the contract."""

    PAUSE = "pause"
    """Waits for the code."""
    SUCCESS = "success"
    """Paid."""
    EXPIRED = "expired"
    """Five wrong codes, or ten minutes without the right one."""
    REFUNDED = "refunded"


class RefundFee(enum.Enum):
    """Who bears the fee when a payment is given back."""

    RETURN = "return"
    """The bank: the seller gives back what it got, the bank its fee."""
    KEEP = "keep"
    """The seller: it gives back the whole price, the bank keeps the fee."""
