"""Why an operation of `bankpayments` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

PAYMENT_NOT_FOUND: Final = Refusal(
    "payment_not_found",
    404,
    "There is no such payment.",
)
PAYMENT_ALREADY_MATCHED: Final = Refusal(
    "payment_already_matched",
    409,
    "The payment belongs to an organization already.",
)
ORGANIZATION_NOT_FOUND: Final = Refusal(
    "organization_not_found",
    404,
    "There is no such organization.",
)
