"""Refusals of break operations."""

from typing import Final

from payments.operations.outcome import Refusal

BREAK_NOT_FOUND: Final = Refusal(
    "break_not_found",
    404,
    "There is no such break.",
)
BREAK_RESOLVED: Final = Refusal(
    "break_resolved",
    409,
    "The break is resolved already.",
)
