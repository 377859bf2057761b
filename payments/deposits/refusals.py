"""Refusals of deposit operations."""

from typing import Final

from payments.operations.outcome import Refusal

DEPOSIT_NOT_FOUND: Final = Refusal(
    "deposit_not_found",
    404,
    "There is no such deposit.",
)
DEPOSIT_NOT_WATCHED: Final = Refusal(
    "deposit_not_watched",
    409,
    "The deposit has ended and is no longer checked.",
)
