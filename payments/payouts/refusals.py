"""Refusals of payout operations."""

from typing import Final

from payments.operations.outcome import Refusal

PAYOUT_NOT_FOUND: Final = Refusal(
    "payout_not_found",
    404,
    "There is no such payout.",
)
NOT_SUBMITTABLE: Final = Refusal(
    "not_submittable",
    409,
    "The payout cannot be sent in its present status.",
)
NOT_CANCELABLE: Final = Refusal(
    "not_cancelable",
    409,
    "The payout has ended, or may be on its way to SuperPay, and cannot be canceled. GET "
    "/v1/payouts/{id} shows where it stands.",
)
NOT_WATCHED: Final = Refusal(
    "not_watched",
    409,
    "The payout has ended and is no longer checked.",
)
NOT_RESOLVABLE: Final = Refusal(
    "not_resolvable",
    409,
    "Only a payout that needs an operator can be resolved.",
)
