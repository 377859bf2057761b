"""Why an operation on transactions is refused."""

from typing import Final

from payments.operations.outcome import Refusal

TRANSACTION_NOT_FOUND: Final = Refusal(
    "transaction_not_found",
    404,
    "There is no such transaction.",
)
