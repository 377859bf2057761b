"""Why an operation of `transfers` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

TRANSFER_NOT_FOUND: Final = Refusal(
    "transfer_not_found",
    404,
    "There is no such transfer.",
)
NOT_REVERSIBLE: Final = Refusal(
    "not_reversible",
    409,
    "A reversal cannot be reversed, and what another surface moved is reversed there. Make a new "
    "transfer.",
)
ALREADY_REVERSED: Final = Refusal(
    "already_reversed",
    409,
    "Less is left of the transfer than this would give back. GET /v1/transfers/{id} shows "
    "what was reversed.",
)
