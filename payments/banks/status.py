"""States of a bank payment, and who bears the fee of a refund."""

import enum


class PaymentStatus(enum.Enum):
    """The contract's names."""

    PAUSE = "pause"
    """Waits for the code."""
    SUCCESS = "success"
    """Paid."""
    EXPIRED = "expired"
    """Five wrong codes, or ten minutes without the right one."""
    REFUNDED = "refunded"


class RefundFee(enum.Enum):
    """Who bears the fee of a refund."""

    RETURN = "return"
    """The bank: the seller returns what it received, the bank returns its fee."""
    KEEP = "keep"
    """The seller: it returns the whole price, the bank keeps the fee."""
