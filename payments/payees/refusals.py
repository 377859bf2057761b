"""Why a payout to a payee is refused."""

from typing import Final

from payments.operations.outcome import Refusal

PAYEE_NOT_FOUND: Final = Refusal(
    "payee_not_found",
    404,
    "You have no such payee. List yours with GET /v1/payees, or save the wallet again.",
)
PAYEE_OWNER_MISMATCH: Final = Refusal(
    "payee_owner_mismatch",
    409,
    "The payee was saved by another owner than the wallet's. Save it for this owner too.",
)
PAYEE_CURRENCY_MISMATCH: Final = Refusal(
    "payee_currency_mismatch",
    409,
    "The SuperPay wallet has another currency. Name a payee of the payout's currency.",
)
