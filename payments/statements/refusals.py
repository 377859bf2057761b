"""Why an operation of `statements` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

LINE_NOT_FOUND: Final = Refusal(
    "line_not_found",
    404,
    "There is no such line of a statement.",
)
LINE_BOOKED: Final = Refusal(
    "line_booked",
    409,
    "The line is booked already.",
)
