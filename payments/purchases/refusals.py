"""Why an operation of `purchases` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

PRODUCT_NOT_FOUND: Final = Refusal(
    "product_not_found",
    404,
    "There is no such product.",
)
BILL_NOT_FOUND: Final = Refusal(
    "bill_not_found",
    404,
    "You have no such bill. GET /shop/bills lists yours.",
)
