"""Why an operation of `holds` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

HOLD_NOT_FOUND: Final = Refusal(
    "hold_not_found",
    404,
    "There is no such hold.",
)
HOLD_CLOSED: Final = Refusal(
    "hold_closed",
    409,
    "The hold is used up, released or over its time. Make a new one.",
)
HOLD_NOT_EXPIRED: Final = Refusal(
    "hold_not_expired",
    409,
    "The hold has not expired yet.",
)
EXCEEDS_HOLD: Final = Refusal(
    "exceeds_hold",
    409,
    "Less is left of the hold than the amount. GET /v1/holds/{id} shows what remains.",
)
