"""Why an operation of `bills` is refused."""

from typing import Final

from payments.operations.outcome import Refusal

BILL_OWNER_MISMATCH: Final = Refusal(
    "bill_owner_mismatch",
    409,
    "The bill belongs to another user.",
)
