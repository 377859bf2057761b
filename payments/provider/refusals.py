"""Refusals that payouts and deposits share."""

from typing import Final

from payments.operations.outcome import Refusal

REFERENCE_TAKEN: Final = Refusal(
    "reference_taken",
    409,
    "The number that the provider would know this by belongs to another one. "
    "Send the request again under another Idempotency-Key.",
)
"""Two operations share a reference with a probability of 2^-51; the second one is refused."""
