"""Why an operation on transactions is refused."""

from typing import Final

from payments.operations.outcome import Refusal

TRANSACTION_NOT_FOUND: Final = Refusal(
    "transaction_not_found",
    404,
    "There is no such transaction.",
)
PERIOD_CLOSED: Final = Refusal(
    "period_closed",
    409,
    "The balance by effective time was answered for a later moment, and that answer stays. "
    "Choose a later effective_at.",
)
