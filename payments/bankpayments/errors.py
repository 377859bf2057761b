"""Errors of reads of bank payments."""

from payments.kernel.errors import NotFound


class PaymentNotFound(NotFound):
    """There is no such payment."""

    code = "payment_not_found"
