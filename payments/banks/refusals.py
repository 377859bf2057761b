"""Why an operation of `banks` is refused."""

from typing import Final

from payments.operations.outcome import Refusal, Result


class TriesLeft(Result, frozen=True, kw_only=True):
    """How many attempts are left."""

    tries_left: int


class Blocked(Result, frozen=True, kw_only=True):
    """When the payer's account is unblocked."""

    blocked_until: str


class NextRequest(Result, frozen=True, kw_only=True):
    """When the first waiting payment expires."""

    retry_at: str


class FeeTold(Result, frozen=True, kw_only=True):
    """The fee of the refused payment."""

    fee: str
    currency: str


TOO_MANY_WRONG_CODES: Final = Refusal(
    "too_many_wrong_codes",
    429,
    "Too many wrong codes were tried on the payer's account; it pays nothing here until "
    "`blocked_until`.",
    is_transient=True,
    carries=Blocked,
)
NO_TARIFF: Final = Refusal(
    "no_tariff",
    409,
    "Nobody has agreed what a payment between these two banks costs; the bank has to set a "
    "tariff first.",
)
PRICE_WITHIN_FEE: Final = Refusal(
    "price_within_fee",
    409,
    "The fee between these two banks would take the whole price, and the seller would get nothing; "
    "`fee` says how much it is. Ask for a higher price.",
    carries=FeeTold,
)
TOO_MANY_UNCONFIRMED: Final = Refusal(
    "too_many_unconfirmed",
    409,
    "Too many of your payments wait for this payer's code already. Confirm one of them, or try "
    "again at `retry_at`.",
    is_transient=True,
    carries=NextRequest,
)
OPERATION_NOT_FOUND: Final = Refusal(
    "operation_not_found",
    404,
    "There is no such operation of yours.",
)
ALREADY_REFUNDED: Final = Refusal(
    "already_refunded",
    409,
    "It was refunded before, once for all; nothing moved now.",
)
ALREADY_CONFIRMED: Final = Refusal(
    "already_confirmed",
    409,
    "The payment was confirmed before with its right code; nothing is left to confirm.",
)
CONFIRMATION_EXPIRED: Final = Refusal(
    "confirmation_expired",
    410,
    "The code can no longer be used: ten minutes are over, or five tries. Start a new payment.",
)
BAD_CODE: Final = Refusal(
    "bad_code",
    403,
    "The code is wrong; `tries_left` says how often another may be tried.",
    carries=TriesLeft,
)
NOT_REFUNDABLE: Final = Refusal(
    "not_refundable",
    409,
    "Only a payment that was paid can be refunded; one of these was not.",
)
NOT_PENDING: Final = Refusal(
    "not_pending",
    409,
    "It waits for nothing any more.",
)
NOT_DUE: Final = Refusal(
    "not_due",
    409,
    "It is not time for that yet.",
    is_transient=True,
)
BANK_NOT_FOUND: Final = Refusal(
    "bank_not_found",
    404,
    "There is no such bank.",
)
CLIENT_NOT_FOUND: Final = Refusal(
    "client_not_found",
    404,
    "There is no such client.",
)
BAD_ACCOUNT_NUMBER: Final = Refusal(
    "bad_account_number",
    409,
    "An account number begins with the id of its bank.",
)
BANK_EXISTS: Final = Refusal(
    "bank_exists",
    409,
    "There is a bank of this id or name already.",
)
